//! What a document consists of, whatever it is written in. HTML and Markdown are both read as a stream of tags and text:
//! no tree is built, so nothing that is nested deeply or never closed costs more than its length.

/// The longest heading, in characters; a longer one is a paragraph that somebody made large.
const LONGEST_HEADING: usize = 160;

/// A paragraph and its like.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// On the line below the block before, as an item of a list or a row of a table is.
    pub(super) tight: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of level 1 to 6.
    Heading(u8),
    Text,
    Code,
}

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) blocks: Vec<Block>,
    /// What it is called by its own account, besides headings.
    pub(super) title: Option<String>,
    /// What was read since the last block.
    line: String,
    heading: Option<u8>,
    preformatted: bool,
    /// Within a cell of a table, where blocks are only words.
    cell: bool,
    /// Items and rows stand below each other.
    row: bool,
    /// The next number of each list that is open; none where it has bullets.
    lists: Vec<Option<u64>>,
    marker: Option<String>,
    /// An element whose text is for machines.
    hidden: Option<&'static str>,
}

impl Blocks {
    /// Paragraphs between empty lines, as they stand.
    pub(super) fn of_plain(text: &str) -> Self {
        let mut read = Self::default();
        let mut paragraph: Vec<&str> = Vec::new();
        for line in text.lines().chain([""]) {
            if !line.trim().is_empty() {
                paragraph.push(line.trim_end());
            } else if !paragraph.is_empty() {
                let text = paragraph.join("\n");
                paragraph.clear();
                read.blocks.push(Block { kind: Kind::Text, text, tight: false });
            }
        }
        read
    }

    /// The first heading of level 1.
    pub(super) fn first_title(&self) -> Option<&str> {
        self.blocks.iter().find(|block| block.kind == Kind::Heading(1)).map(|block| block.text.as_str())
    }

    /// An element begins.
    pub(super) fn open(&mut self, element: &str) {
        if let Some(level) = level(element) {
            self.end_block();
            (self.cell, self.preformatted, self.row, self.heading) = (false, false, false, Some(level));
            return;
        }
        match element {
            "script" | "style" | "noscript" | "iframe" => {
                self.hidden = HIDDEN.iter().find(|name| **name == element).copied()
            }
            "td" | "th" => self.begin_cell(),
            "br" => self.line.push(if self.cell || self.heading.is_some() { ' ' } else { '\n' }),
            "tr" => {
                self.end_block();
                (self.cell, self.row) = (false, true);
            }
            _ if !stands_alone(element) => {}
            _ if self.cell || self.heading.is_some() => self.space(),
            "pre" => {
                self.end_block();
                self.preformatted = true;
            }
            "ul" | "menu" => self.begin_list(None),
            "ol" => self.begin_list(Some(1)),
            "li" => self.begin_item(),
            _ => self.end_block(),
        }
    }

    /// An element ends.
    pub(super) fn close(&mut self, element: &str) {
        if self.hidden.is_some_and(|hidden| hidden == element) {
            self.hidden = None;
        }
        if level(element).is_some() || element == "tr" || element == "table" {
            self.end_block();
            (self.cell, self.heading) = (false, None);
            self.row &= element == "tr";
            return;
        }
        match element {
            _ if !stands_alone(element) => {}
            _ if self.cell || self.heading.is_some() => self.space(),
            _ => {
                self.end_block();
                match element {
                    "ul" | "ol" | "menu" => {
                        self.lists.pop();
                        self.marker = None;
                        self.row = !self.lists.is_empty();
                    }
                    "pre" => self.preformatted = false,
                    _ => {}
                }
            }
        }
    }

    /// Words, or a part of one.
    pub(super) fn text(&mut self, text: &str) {
        if self.hidden.is_some() {
        } else if self.preformatted {
            self.line.push_str(text);
        } else {
            for c in text.chars() {
                if c.is_whitespace() { self.space() } else { self.line.push(c) }
            }
        }
    }

    /// What was open to hide its text no longer does.
    pub(super) fn reveal(&mut self) {
        self.hidden = None;
    }

    /// What was read since the last block is the document's name for itself.
    pub(super) fn end_title(&mut self) {
        let title = std::mem::take(&mut self.line);
        self.title = self.title.take().or(Some(title));
    }

    /// What was read since the last block is one.
    pub(super) fn end_block(&mut self) {
        let line = std::mem::take(&mut self.line);
        let code = self.preformatted;
        let text = if code { line.trim_matches('\n').trim_end() } else { line.trim() };
        if text.is_empty() {
            return;
        }
        let heading = self.heading.take().filter(|_| text.chars().nth(LONGEST_HEADING).is_none());
        let kind = heading.map(Kind::Heading).unwrap_or(if code { Kind::Code } else { Kind::Text });
        let tight = self.row && kind == Kind::Text && self.blocks.last().is_some_and(|last| last.kind == Kind::Text);
        let marker = self.marker.take().filter(|_| kind == Kind::Text).unwrap_or_default();
        self.blocks.push(Block { kind, text: marker + text, tight });
    }

    /// As Markdown, for whoever reads it whole.
    pub(super) fn to_markdown(&self) -> String {
        let mut markdown = String::new();
        for Block { kind, text, tight } in &self.blocks {
            if !markdown.is_empty() {
                markdown.push_str(if *tight { "\n" } else { "\n\n" });
            }
            match kind {
                Kind::Heading(level) => markdown.extend([&"#".repeat((*level).into()), " ", text]),
                Kind::Text => markdown.push_str(text),
                Kind::Code => {
                    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
                    let fence = "`".repeat(longest.saturating_add(1).max(3));
                    markdown.extend([&fence, "\n", text, "\n", &fence]);
                }
            }
        }
        markdown
    }

    fn space(&mut self) {
        if !self.line.is_empty() && !self.line.ends_with([' ', '\n']) {
            self.line.push(' ');
        }
    }

    fn begin_cell(&mut self) {
        if !self.line.trim().is_empty() {
            self.space();
            self.line.push_str("| ");
        }
        self.cell = true;
    }

    fn begin_list(&mut self, first: Option<u64>) {
        self.end_block();
        self.lists.push(first);
    }

    fn begin_item(&mut self) {
        self.end_block();
        self.marker = Some(match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "- ".to_owned(),
        });
        self.row = true;
    }
}

const HIDDEN: [&str; 4] = ["script", "style", "noscript", "iframe"];

fn level(element: &str) -> Option<u8> {
    match element.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}

/// Whether an element begins and ends a block; all others are words among words.
fn stands_alone(element: &str) -> bool {
    matches!(
        element,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "dd"
            | "details"
            | "dialog"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "head"
            | "header"
            | "hr"
            | "html"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "textarea"
            | "tfoot"
            | "thead"
            | "title"
            | "ul"
    )
}
