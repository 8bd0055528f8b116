use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// The words of a text as search compares them, in order: what SQLite's tokenizer `unicode61 remove_diacritics 2` makes
/// of it. Letters and digits make words, everything else separates them; Latin letters lose their accents.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    let mut term = String::new();
    for c in text.chars() {
        match c {
            c if is_word(c) => c.to_lowercase().filter(|c| !is_accent(*c)).for_each(|c| term.push(bare(c))),
            // An accent that stands for itself belongs to the letter before it.
            c if is_accent(c) => {}
            _ if term.is_empty() => {}
            _ => terms.push(std::mem::take(&mut term)),
        }
    }
    if !term.is_empty() {
        terms.push(term);
    }
    terms
}

/// Letters, numbers, and characters for private use.
fn is_word(c: char) -> bool {
    (c.is_alphanumeric() && !is_combining_mark(c)) || matches!(c, '\u{e000}'..='\u{f8ff}')
}

const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{331}')
}

/// A Latin letter without its accents; every other character as it is.
fn bare(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let mut first = None;
    decompose_canonical(c, |part| first = first.or(Some(part)));
    first.filter(char::is_ascii_alphabetic).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::terms;

    #[test]
    fn words_are_split_lowered_and_bared() {
        for (text, expected) in [
            ("Install KUBECTL v1.29, with TLS!", "install kubectl v1 29 with tls"),
            ("crème brûlée ÅNGSTRÖM Việt", "creme brulee angstrom viet"),
            ("e\u{301}te\u{301}", "ete"),
            ("Straße ΆΛΦΑ Йод", "straße άλφα йод"),
            ("snake_case kebab-case a@b.c", "snake case kebab case a b c"),
            ("日本語 👩‍💻 x", "日本語 x"),
            ("שלום עולם", "שלום עולם"),
            ("", ""),
            (" \u{300}\0—", ""),
        ] {
            assert_eq!(terms(text).join(" "), expected, "{text}");
        }
    }
}
