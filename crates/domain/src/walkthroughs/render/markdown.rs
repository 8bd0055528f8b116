//! Markdown as HTML that is safe to show.

use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// How deep quotes, lists and emphasis nest before they are shown flat; HTML parsers slow down with every level.
const DEEPEST: usize = 24;

/// What Markdown can become; everything else is taken out.
static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "p",
        "br",
        "hr",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "em",
        "strong",
        "del",
        "a",
        "img",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ];
    let attributes =
        [("a", ["href", "title"].into()), ("img", ["src", "alt", "title"].into()), ("ol", ["start"].into())];
    let mut cleaner = ammonia::Builder::empty();
    cleaner
        .tags(tags.into())
        .tag_attributes(attributes.into())
        .url_schemes(["http", "https", "mailto"].into())
        // A link without a host would lead into whatever site shows the page.
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    cleaner
});

/// CommonMark with tables, cleaned: no scripts, no handlers, no styles, links to the web and to mail only. HTML is shown
/// as it was written: an agent reads it too, so nothing of it may be out of its author's sight.
pub(super) fn markdown(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut raw = String::with_capacity(text.len().saturating_mul(2));
    pulldown_cmark::html::push_html(&mut raw, flat(Parser::new_ext(text, options)).map(tamed));
    CLEANER.clean(&raw).to_string()
}

/// HTML as text, and headings below those of the page.
fn tamed(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::CodeBlock),
        Event::Start(Tag::Heading { level, .. }) => {
            Event::Start(Tag::Heading { level: below(level), id: None, classes: Vec::new(), attrs: Vec::new() })
        }
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(below(level))),
        other => other,
    }
}

const fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        HeadingLevel::H4 | HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

/// The same events without what nests too deep; what it contains stays.
fn flat<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let mut depth = 0_usize;
    events.filter(move |event| match event {
        Event::Start(_) => {
            depth = depth.saturating_add(1);
            depth <= DEEPEST
        }
        Event::End(_) => {
            let kept = depth <= DEEPEST;
            depth = depth.saturating_sub(1);
            kept
        }
        _ => true,
    })
}
