//! A step as an agent reads it.

use super::Sheet;
use crate::{
    id::{self, Id},
    walkthroughs::Progress,
};

/// A step as an agent reads it. `suffix` must be fresh and unguessable: it is what keeps a text inside its section.
#[must_use]
pub fn agent_text(sheet: &Sheet<'_>, step: Id<id::Step>, progress: Progress, suffix: &str) -> String {
    let Progress { completed_steps, total_steps, progress_percent } = progress;
    let (walkthrough, title) = (quoted(sheet.walkthrough), quoted(sheet.step));
    let total = sheet.total.unwrap_or(total_steps);
    let mut text = format!("# {walkthrough}: step {} of {total}, {title}\n", sheet.number);
    for section in sheet.written() {
        let (heading, tag, written) = (section.heading, section.tag, section.text.trim_end());
        text.push_str(&format!("\n{heading}:\n<{tag}_{suffix}>\n{written}\n</{tag}_{suffix}>\n"));
    }
    text.push_str(&format!(
        "\nProgress: {completed_steps} of {total_steps} steps done ({progress_percent} %).\nCurrent step id: {step}\nWhen \
         this step is done, call get_next_step with this id as currentStepId.\n"
    ));
    text
}

/// A title or a description as it stands outside every section: on one line between quotes that it cannot close, and
/// unable to look like a section.
#[must_use]
pub fn quoted(title: &str) -> String {
    let mut quoted = String::with_capacity(title.len().saturating_add(2));
    quoted.push('"');
    let words = title.split(is_no_part_of_a_line).map(str::trim).filter(|part| !part.is_empty());
    for (place, word) in words.enumerate() {
        if place > 0 {
            quoted.push(' ');
        }
        quoted.extend(word.chars().map(|c| if is_quote(c) { '\'' } else { c }));
    }
    quoted.push('"');
    quoted
}

/// Whether a character ends a line somewhere, opens or closes a tag (also to readers who take look-alikes for the same),
/// or cannot be seen and so may hide one.
fn is_no_part_of_a_line(c: char) -> bool {
    let brackets = ['<', '>', '\u{ff1c}', '\u{ff1e}', '\u{fe64}', '\u{fe65}', '\u{2039}', '\u{203a}'];
    let line_ends = ['\u{2028}', '\u{2029}'];
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || brackets.contains(&c) || line_ends.contains(&c) || turns
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}'..='\u{201f}' | '\u{ff02}' | '\u{ab}' | '\u{bb}')
}
