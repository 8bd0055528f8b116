//! What stands between two lines of `---` at the start of a document.

use saphyr_parser::{Event, Parser};

/// The most bytes of it; what is longer was never meant as front matter.
const LONGEST: usize = 64 * 1024;
/// The most tags, and the most characters of one.
const MOST_TAGS: usize = 50;
const LONGEST_TAG: usize = 50;

/// What we take from it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FrontMatter {
    pub(super) title: Option<String>,
    pub(super) tags: Vec<String>,
}

/// The front matter, and the rest. Where it is broken, what was read until there counts.
pub(super) fn split(content: &str) -> (FrontMatter, &str) {
    let nothing = (FrontMatter::default(), content);
    let Some((first, rest)) = content.split_once('\n').filter(|(first, _)| first.trim_end() == "---") else {
        return nothing;
    };
    let mut length = first.len().saturating_add(1);
    for line in rest.split_inclusive('\n') {
        if length > LONGEST {
            break;
        }
        if matches!(line.trim_end(), "---" | "...") {
            let (head, body) = content.split_at(length);
            let yaml = head.get(first.len()..).unwrap_or_default();
            let body = body.get(line.len()..).unwrap_or_default();
            return parse(yaml).map_or(nothing, |front| (front, body));
        }
        length = length.saturating_add(line.len());
    }
    nothing
}

/// None where it is no mapping: then the lines were rules, and what is between them is text.
fn parse(yaml: &str) -> Option<FrontMatter> {
    let mut found = FrontMatter::default();
    let mut key: Option<String> = None;
    let (mut depth, mut is_mapping) = (0_usize, false);
    let mut whole = true;
    for event in Parser::new_from_str(yaml) {
        let Ok((event, _)) = event else {
            whole = false;
            break;
        };
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                is_mapping |= depth == 0 && matches!(event, Event::MappingStart(..));
                depth = depth.saturating_add(1);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    key = None;
                }
            }
            Event::Scalar(text, ..) if depth == 1 => match key.take() {
                None => key = Some(text.to_lowercase()),
                Some(key) => found.take(&key, &text),
            },
            Event::Scalar(text, ..) if depth == 2 && key.as_deref() != Some("title") => {
                found.take(key.as_deref().unwrap_or_default(), &text);
            }
            Event::Alias(_) if depth == 1 => key = key.is_none().then(String::new),
            Event::Scalar(..) if depth == 0 => return None,
            _ => {}
        }
    }
    if !whole && let Some(title) = yaml.lines().find_map(|line| line.strip_prefix("title:")) {
        // The most common mistake is a colon in a title without quotes.
        found.title = Some(title.trim().to_owned());
        is_mapping = true;
    }
    (is_mapping || yaml.trim().is_empty()).then_some(found)
}

impl FrontMatter {
    fn take(&mut self, key: &str, text: &str) {
        match key {
            "title" => self.title = Some(text.to_owned()),
            "tags" | "keywords" => {
                let tags =
                    text.split(',').map(str::trim).filter(|tag| !tag.is_empty() && tag.chars().count() <= LONGEST_TAG);
                let room = MOST_TAGS.saturating_sub(self.tags.len());
                self.tags.extend(tags.take(room).map(str::to_owned));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn read(content: &str) -> (Option<String>, String, &str) {
        let (front, rest) = split(content);
        (front.title, front.tags.join("|"), rest)
    }

    #[test]
    fn a_title_and_tags_are_found_in_every_form() {
        for (content, title, tags) in [
            ("---\ntitle: Back up\ntags: [a, \"b c\"]\n---\nrest", "Back up", "a|b c"),
            ("---\ntitle: 'It''s: here'\nkeywords: x, y ,,z\n...\nrest", "It's: here", "x|y|z"),
            ("---\ntags:\n  - one\n  - two\ntitle: >-\n  long\n  title\n---   \nrest", "long title", "one|two"),
            ("---\nsidebar: { title: no, tags: [no] }\nTitle: Yes\n---\nrest", "Yes", ""),
            ("---\ntitle: KOTS: an overview\ndescription: x\n---\nrest", "KOTS: an overview", ""),
            ("---\nbase: &x { a: 1 }\ntitle: T\nmore: *x\ntags: t\n---\nrest", "T", "t"),
        ] {
            assert_eq!(read(content), (Some(title.to_owned()), tags.to_owned(), "rest"), "{content}");
        }
    }

    #[test]
    fn what_is_no_front_matter_stays() {
        for content in
            ["---\nA rule above.\n\n---\nBelow.", "text\n---\ntitle: x\n---\n", "---\ntitle: never closed", "---", ""]
        {
            assert_eq!(read(content), (None, String::new(), content), "{content}");
        }
        assert_eq!(read("---\n---\nrest"), (None, String::new(), "rest"));
        assert_eq!(read("---\na: [broken\n---\nrest"), (None, String::new(), "rest"));
    }
}
