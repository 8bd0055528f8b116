//! What holds for every document, whatever is in it.

use std::time::{Duration, Instant};

use super::{ContentType, DocumentPath, Reading, Source, read, terms};

const TYPES: [ContentType; 4] = [ContentType::Markdown, ContentType::Mdx, ContentType::Html, ContentType::Plain];

fn path(path: &str) -> DocumentPath {
    path.parse().unwrap()
}

fn reading(content: &str, content_type: ContentType) -> Reading {
    read(&Source { path: &path("guides/back-up.md"), title: None, tags: &[], content, content_type })
}

/// The sections, each as `heading: text`.
fn sections(reading: &Reading) -> Vec<String> {
    reading.sections.iter().map(|section| format!("{}: {}", section.heading, section.text)).collect()
}

const GUIDE: &str = "---
title: Snapshots
tags: [velero, backup]
---
import Check from \"../partials/_check.mdx\"

Velero keeps backups.

## Before you begin {#before}

* Velero 1.9 or newer
* <Check/>
* A bucket

:::note
A host path needs `fsGroup` 1001.
:::

## Restore

### With the CLI

1. List the backups:

   ```bash
   kubectl kots get backups

   # one a day
   ```
1. See [the reference](/kots-cli) and ![the dialog](/d.png).

### With the console

| Setting | Meaning |
| --- | --- |
| **Retention** | how long<br/>it stays |

## See also
";

#[test]
fn a_guide_is_cut_at_its_headings() {
    let reading = reading(GUIDE, ContentType::Mdx);

    assert_eq!((reading.title.as_str(), reading.tags.join(" ").as_str()), ("Snapshots", "velero backup"));
    assert_eq!(
        sections(&reading),
        [
            ": Velero keeps backups.",
            "Before you begin: - Velero 1.9 or newer\n- A bucket\n\nNote: A host path needs fsGroup 1001.",
            "Restore > With the CLI: 1. List the backups:\n\nkubectl kots get backups\n\n# one a day\n\n2. See the reference \
             and the dialog.",
            "Restore > With the console: Setting | Meaning\nRetention | how long it stays",
            "See also: ",
        ]
    );
    assert!(reading.text.starts_with("Velero keeps backups.\n\n## Before you begin"), "{}", reading.text);
    assert!(reading.text.contains("   ```bash\n   kubectl kots get backups\n\n   # one a day\n   ```\n"));
    for gone in ["import", "Check", "{#", ":::", "velero, backup"] {
        assert!(!reading.text.contains(gone), "{gone}");
    }
}

#[test]
fn html_is_read_by_what_a_browser_shows() {
    let html = "<!doctype html><html><head><title>Ports &amp; hosts</title><style>p{}</style><script>if (a<b) {}</script>\
        </head><body><p>Open <b>these</b> ports&nbsp;first.<h2>Firewall</h2><table><tr><th>Port<th>Use<tr><td><p>6443</p>\
        <td>API<br>server</table><pre><code>ufw allow\n  6443/tcp\n</code></pre><ol><li>One<li><p>Two</p></ol><img \
        alt='A diagram' src=x><div>Done</div><h2>Empty</h2>";
    let reading = reading(html, ContentType::Html);

    assert_eq!(reading.title, "Ports & hosts");
    assert_eq!(
        sections(&reading),
        [
            ": Open these ports first.",
            "Firewall: Port | Use\n6443 | API server\n\nufw allow\n  6443/tcp\n\n1. One\n2. Two\n\nA diagram\n\nDone",
            "Empty: ",
        ]
    );
    assert!(reading.text.contains("## Firewall\n\nPort | Use\n6443 | API server\n\n```\nufw allow\n  6443/tcp\n```"));
    assert!(!reading.text.contains("if (a"));
}

#[test]
fn a_title_is_found_wherever_it_stands() {
    let titled = |title, content, content_type| {
        read(&Source {
            path: &path("guides/back-up.md"),
            title,
            tags: &["x".into(), "x".into()],
            content,
            content_type,
        })
    };
    for (given, content, content_type, title, heading) in [
        (Some("Given"), "# Heading\ntext", ContentType::Markdown, "Given", "Heading"),
        (Some(" "), "# A  *b*\ntext", ContentType::Markdown, "A b", ""),
        (None, "---\ntitle: Front\n---\n# Heading\ntext", ContentType::Mdx, "Front", "Heading"),
        (None, "<title>T</title><h1>H</h1>text", ContentType::Html, "H", ""),
        (None, "text", ContentType::Markdown, "Back up", ""),
        (None, "# no heading", ContentType::Plain, "Back up", ""),
        (None, "", ContentType::Markdown, "Back up", ""),
    ] {
        let reading = titled(given, content, content_type);
        assert_eq!((reading.title.as_str(), reading.sections[0].heading.as_str()), (title, heading), "{content}");
        assert_eq!(reading.tags, ["x"]);
    }
}

#[test]
fn long_sections_are_cut_between_paragraphs_and_code_is_not() {
    let paragraph = "word ".repeat(150);
    let code = format!("```\n{}```\n", "a line of code\n".repeat(400));
    let long = format!("```\n{}```\n", "a line of code\n".repeat(1_000));
    let sentence = "This is one sentence of it. ".repeat(200);
    let text = format!("## H\n{}\n{code}\n{long}\n{sentence}", format!("{paragraph}\n\n").repeat(5));
    let reading = reading(&text, ContentType::Markdown);

    let lengths: Vec<usize> = reading.sections.iter().map(|section| section.text.chars().count()).collect();
    assert_eq!(lengths, [1_500, 1_500, 749, 5_999, 7_994, 7_004, 1_987, 1_987, 1_623]);
    assert!(reading.sections.iter().all(|section| section.heading == "H"));
    assert!(reading.sections[6].text.ends_with("of it."));
}

/// Words in an order that a seed decides.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<'a>(&mut self, pieces: &[&'a str]) -> &'a str {
        pieces[self.below(pieces.len())]
    }
}

#[test]
fn every_word_is_in_exactly_one_section() {
    const BEFORE: [&str; 12] =
        ["", "- ", "1. ", "> ", "# ", "## ", "### ", "<Tip>\n", "<div>", "**", "  ", "| a | b |\n|---|---|\n| "];
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let (mut text, mut words) = (String::new(), Vec::new());
        for _ in 0..chance.below(30) {
            text.push_str(chance.of(&BEFORE));
            for _ in 0..chance.below(40) {
                words.push(format!("w{}", words.len()));
                text.push_str(&words[words.len() - 1]);
                text.push_str(chance.of(&[" ", " ", "\n", ", ", ". ", " <b>", " `x` "]));
            }
            text.push_str(chance.of(&["\n\n", "\n\n\n", "\r\n\r\n", "\n\n```\ncode\n```\n\n", "\n\n</Tip>\n\n"]));
        }
        for content_type in [ContentType::Markdown, ContentType::Mdx, ContentType::Plain] {
            let reading = reading(&text, content_type);
            let mut found = terms(&reading.title);
            for section in &reading.sections {
                found.extend(terms(&section.heading));
                found.extend(terms(&section.text));
            }
            for word in &words {
                assert!(
                    found.contains(word),
                    "seed {seed}, {content_type:?}: {word} is lost\n{text}\n---\n{reading:#?}"
                );
            }
            let texts: Vec<String> = reading.sections.iter().flat_map(|section| terms(&section.text)).collect();
            for word in &words {
                assert!(texts.iter().filter(|found| *found == word).count() <= 1, "seed {seed}: {word} twice\n{text}");
            }
        }
    }
}

/// What parsers stumble over.
const HOSTILE: [&str; 64] = [
    ">",
    "> ",
    "[",
    "](",
    "![",
    "]: ",
    "`",
    "```",
    "~~~\n",
    "{",
    "}",
    "{/*",
    "*/}",
    "<A",
    "<a ",
    "</A>",
    "<A>",
    "<>",
    "/>",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<pre>",
    "<td>",
    "<table>",
    "<tr>",
    "<h1>",
    "</h2>",
    "<title>",
    "<plaintext>",
    "<![CDATA[",
    "&amp;",
    "&#x110000;",
    "&#0;",
    "---\n",
    "title: [",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    "    ",
    "- ",
    "1. ",
    "# ",
    "======\n",
    "|",
    "|---|---|\n",
    "*",
    "**",
    "_",
    "~~",
    "\\",
    "\"",
    "'",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "👩‍👩‍👧",
    "日本",
    "e\u{301}",
    "[^1]: ",
    "export const a = {\n",
];

#[test]
fn nothing_makes_it_panic() {
    for seed in 0..10_000 {
        let mut chance = Chance(seed);
        let mut text = String::new();
        for _ in 0..chance.below(60) {
            let piece = chance.of(&HOSTILE);
            text.push_str(&piece.repeat(1 + chance.below(3)));
            text.push_str(chance.of(&["", "", " ", "a", "\n"]));
        }
        let reading = reading(&text, TYPES[chance.below(TYPES.len())]);
        assert!(!reading.sections.is_empty() && !reading.title.is_empty());
        for section in &reading.sections {
            assert!(!section.text.contains(['\0', '\r']) && !section.heading.contains(['\0', '\n']));
        }
    }
}

#[test]
fn time_grows_with_length_only() {
    // Of 2 MiB, the most that a document has, the slowest take 7 s where nothing is optimized.
    const SIZE: usize = 64 * 1024;
    let mut slow = Vec::new();
    let numbered: String = (0..SIZE / 8).map(|number| format!(" a{number}")).collect();
    let mut inputs: Vec<(String, String)> =
        HOSTILE.iter().map(|piece| (format!("{piece:?}"), piece.repeat(SIZE / piece.len()))).collect();
    inputs.push(("attributes".into(), format!("<a{numbered}>")));
    let pairs =
        [("> ", "\n"), ("- ", "\n"), ("<A>", "</A>"), ("{", "}"), ("<div>\n", "</div>\n"), ("*a _b ", "c_ d* ")];
    for (opens, closes) in pairs {
        let text = opens.repeat(SIZE / 2 / opens.len()) + "x\n" + &closes.repeat(SIZE / 2 / closes.len());
        inputs.push((format!("{opens:?} and then {closes:?}"), text));
    }
    inputs.push(("attributes of a component".into(), format!("<A{numbered}>")));
    for (name, text) in &inputs {
        for content_type in TYPES {
            let from = Instant::now();
            let reading = reading(text, content_type);
            assert!(reading.sections.len() <= 8_000, "{name}: {} sections", reading.sections.len());
            let took = from.elapsed();
            if took > Duration::from_secs(3) {
                slow.push((name.clone(), content_type, took));
            }
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}
