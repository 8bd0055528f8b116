use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{blocks::Blocks, html};

/// What a Markdown document consists of; HTML in it counts by its text.
pub(super) fn blocks(markdown: &str) -> Blocks {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut blocks = Blocks::default();
    // HTML that stands alone comes line by line.
    let mut raw = String::new();
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(tag) => blocks.open(element(&tag)),
            Event::End(TagEnd::HtmlBlock) => html::fragment(&std::mem::take(&mut raw), &mut blocks),
            Event::End(tag) => blocks.close(ended(&tag)),
            Event::Html(line) => raw.push_str(&line),
            Event::InlineHtml(tag) => html::fragment(&tag, &mut blocks),
            Event::Text(text) | Event::Code(text) => blocks.text(&text),
            Event::SoftBreak => blocks.text(" "),
            Event::HardBreak => blocks.open("br"),
            Event::Rule => blocks.open("hr"),
            Event::TaskListMarker(done) => blocks.text(if done { "[x] " } else { "[ ] " }),
            _ => {}
        }
    }
    blocks.end_block();
    blocks
}

const fn element(tag: &Tag<'_>) -> &'static str {
    match tag {
        Tag::Paragraph | Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) => "p",
        Tag::Heading { level, .. } => heading(*level),
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => "pre",
        Tag::List(Some(_)) => "ol",
        Tag::List(None) => "ul",
        Tag::Item => "li",
        Tag::Table(_) => "table",
        Tag::TableHead | Tag::TableRow => "tr",
        Tag::TableCell => "td",
        _ => "span",
    }
}

const fn ended(tag: &TagEnd) -> &'static str {
    match tag {
        TagEnd::Paragraph | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => "p",
        TagEnd::Heading(level) => heading(*level),
        TagEnd::CodeBlock => "pre",
        TagEnd::List(true) => "ol",
        TagEnd::List(false) => "ul",
        TagEnd::Item => "li",
        TagEnd::Table => "table",
        TagEnd::TableHead | TagEnd::TableRow => "tr",
        TagEnd::TableCell => "td",
        _ => "span",
    }
}

const fn heading(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 => "h1",
        HeadingLevel::H2 => "h2",
        HeadingLevel::H3 => "h3",
        HeadingLevel::H4 => "h4",
        HeadingLevel::H5 => "h5",
        HeadingLevel::H6 => "h6",
    }
}
