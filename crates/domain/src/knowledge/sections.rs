//! A document in pieces to search: one for each heading, and where that is long, several, cut between paragraphs.

use super::{
    Section,
    blocks::{Block, Kind},
};

/// From this many characters on a piece is long enough.
const ENOUGH: usize = 1_500;
/// The most characters of a piece of text.
const MOST: usize = 2_000;
/// The most characters of a piece of code, which is worth little in halves.
const MOST_CODE: usize = 8_000;
/// The most headings that begin a piece of their own; further ones are lines of text.
const MOST_HEADINGS: usize = 4_000;

/// Every word of the blocks, in order, in exactly one piece: as its text, or in the path above it.
pub(super) fn cut(blocks: &[Block], title: &str) -> Vec<Section> {
    let mut cutter = Cutter::default();
    let mut headings = 0_usize;
    for block in blocks {
        match block.kind {
            Kind::Heading(level) if headings < MOST_HEADINGS => {
                let is_title = headings == 0 && level == 1 && block.text == title;
                headings = headings.saturating_add(1);
                cutter.enter(level, if is_title { "" } else { &block.text });
            }
            Kind::Heading(_) | Kind::Text => {
                pieces(&block.text, MOST, text_end, |piece| cutter.add(piece, block.tight))
            }
            Kind::Code => pieces(&block.text, MOST_CODE, line_end, |piece| cutter.add(piece, false)),
        }
    }
    cutter.leave(0);
    cutter.sections
}

#[derive(Default)]
struct Cutter {
    sections: Vec<Section>,
    /// The headings that are open, with their levels.
    path: Vec<(u8, String)>,
    /// Nothing came below the innermost of them yet.
    bare: bool,
    text: String,
    length: usize,
}

impl Cutter {
    fn enter(&mut self, level: u8, heading: &str) {
        self.leave(level);
        self.path.retain(|(above, _)| *above < level);
        if !heading.is_empty() {
            self.path.push((level, heading.to_owned()));
            self.bare = true;
        }
    }

    /// What comes now stands below a heading of that level.
    fn leave(&mut self, level: u8) {
        let deepest = self.path.last().map_or(0, |(above, _)| *above);
        // A heading with nothing below it, not even another one, is still to be found.
        let lonely = self.bare && level <= deepest || self.sections.is_empty() && level == 0;
        if !self.text.is_empty() || lonely {
            self.finish();
        }
    }

    fn add(&mut self, piece: &str, tight: bool) {
        let length = piece.chars().count();
        if self.length > 0 && (self.length >= ENOUGH || self.length.saturating_add(length) > MOST) {
            self.finish();
        }
        if self.length > 0 {
            self.text.push_str(if tight { "\n" } else { "\n\n" });
        }
        self.text.push_str(piece);
        self.length = self.length.saturating_add(length).saturating_add(2);
    }

    fn finish(&mut self) {
        let heading = self.path.iter().map(|(_, part)| part.as_str()).collect::<Vec<_>>().join(" > ");
        (self.bare, self.length) = (false, 0);
        self.sections.push(Section { heading, text: std::mem::take(&mut self.text) });
    }
}

/// Gives `text` in pieces of at most `most` characters, cut where `end` says, in time that grows with its length.
fn pieces(text: &str, most: usize, end: fn(&str) -> Option<usize>, mut each: impl FnMut(&str)) {
    let mut rest = text;
    while let Some((limit, _)) = rest.char_indices().nth(most) {
        let (window, _) = rest.split_at(limit);
        let (piece, after) = rest.split_at(end(window).filter(|end| *end > 0).unwrap_or(limit));
        if !piece.trim().is_empty() {
            each(piece.trim_end());
        }
        rest = after;
    }
    if !rest.trim().is_empty() {
        each(rest);
    }
}

fn line_end(window: &str) -> Option<usize> {
    window.rfind('\n').map(|end| end.saturating_add(1))
}

/// After a line or a sentence in the second half, else after a word.
fn text_end(window: &str) -> Option<usize> {
    let late = |end: &usize| *end > window.len() / 2;
    let sentence =
        [". ", "! ", "? ", "。"].iter().filter_map(|mark| window.rfind(mark).map(|at| at.saturating_add(mark.len())));
    line_end(window).filter(late).or_else(|| sentence.max().filter(late)).or_else(|| {
        window
            .rfind(char::is_whitespace)
            .map(|at| window.len().saturating_sub(window.get(at..).map_or(0, |tail| tail.trim_start().len())))
    })
}
