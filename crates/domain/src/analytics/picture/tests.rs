use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::{figure, shortened, step};
use crate::{
    analytics::{CallCount, Chart, ConnectionCount, TimeRange},
    time::Timestamp,
};

const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_678);

/// Where every tool is called as often as `often` says in every bucket.
fn chart(range: TimeRange, tools: &[&str], often: impl Fn(usize, usize) -> i64) -> Chart {
    let mut calls = Vec::new();
    for (n, start) in range.starts(NOW).enumerate() {
        for (place, tool) in tools.iter().enumerate() {
            calls.push(CallCount { start, tool_name: (*tool).to_owned(), calls: often(n, place) });
        }
    }
    let people = range.starts(NOW).enumerate().map(|(n, start)| ConnectionCount { start, users: often(n, 0) / 9 });
    Chart::assemble(range, NOW, &calls, &people.collect::<Vec<_>>())
}

fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.map(|node| node.text().unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn numbers_are_short_and_the_grid_is_round() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1K"),
        (1_250, "1.2K"),
        (99_949, "99.9K"),
        (99_950, "100K"),
        (999_499, "999K"),
        (999_500, "1M"),
        (1_234_567, "1.2M"),
        (2_000_000_000, "2B"),
        (i64::MAX, "9223372T"),
    ] {
        assert_eq!(figure(number), text);
    }
    for (most, distance) in [(0, 1), (4, 1), (5, 2), (100, 30), (1_000_001, 300_000), (i64::MAX, i64::MAX / 4)] {
        assert_eq!(step(most), distance, "{most}");
    }
}

#[test]
fn nothing_is_a_whole_picture_that_says_so() {
    for (range, title) in [
        (TimeRange::Hour, "0 calls of tools in the last hour"),
        (TimeRange::Day, "0 calls of tools in the last 24 hours"),
        (TimeRange::Week, "0 calls of tools in the last 7 days"),
        (TimeRange::Month, "0 calls of tools in the last 30 days"),
    ] {
        let texts = texts(&Chart::assemble(range, NOW, &[], &[]).picture(range).unwrap());
        for text in [title, "no tool was called", "end users (right)", "0", "4"] {
            assert!(texts.iter().any(|known| known == text), "{text} in {texts:?}");
        }
    }
}

#[test]
fn the_title_has_the_sum_and_the_legend_the_tools_that_are_called_most() {
    let names: Vec<String> = (0..50).map(|n| format!("tool_{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = chart(TimeRange::Week, &names, |_, place| 1_000 * (place as i64 + 1));

    let texts = texts(&many.picture(TimeRange::Week).unwrap());

    assert_eq!(texts[0], "8.9M calls of tools in the last 7 days");
    assert_eq!(texts[1], "a day a column, since 27 December 2025, 00:00 UTC");
    let legend: BTreeMap<&str, &str> = texts[2..].chunks(2).map(|pair| (&*pair[0], &*pair[1])).take(9).collect();
    assert_eq!(legend.len(), 9);
    assert_eq!((legend["tool_49"], legend["tool_42"]), ("350K", "301K"));
    assert_eq!(legend["other (42)"], "6.3M");
    for day in ["27 Dec", "31 Dec", "1 Jan", "2 Jan"] {
        assert!(texts.iter().any(|text| text == day), "{day} in {texts:?}");
    }
}

#[test]
fn a_name_is_text_whatever_it_holds() {
    let long = "x".repeat(10_000);
    let names = [
        "<script>alert(1)</script>",
        "a&b;&#0;",
        "\"'><text>",
        "]]><!--<![CDATA[",
        long.as_str(),
        "\u{202e}gnorw\u{0}\u{1b}[0m\u{ffff}",
        "\u{5d7}\u{5d9}\u{5e4}\u{5d5}\u{5e9} \u{628}\u{62d}\u{62b}",
        "",
    ];
    let svg = chart(TimeRange::Day, &names, |_, _| 3).picture(TimeRange::Day).unwrap();

    let document = Document::parse(&svg).unwrap();
    let is_ours = |node: &Node| {
        let tag = node.tag_name();
        tag.namespace() == Some("http://www.w3.org/2000/svg")
            && ["svg", "rect", "polyline", "line", "circle", "text"].contains(&tag.name())
    };
    let elements: Vec<Node> = document.descendants().filter(Node::is_element).collect();
    assert!(elements.iter().all(is_ours));
    let attributes = elements.iter().flat_map(Node::attributes).map(|attribute| attribute.name());
    assert!(attributes.clone().all(|name| !name.starts_with("on") && !["href", "style", "class"].contains(&name)));
    let texts = texts(&svg);
    for name in names {
        assert!(texts.iter().any(|text| *text == shortened(name).trim()), "{name:.40} in {texts:?}");
    }
    assert!(texts.iter().all(|text| text.chars().count() <= 60), "{texts:?}");
    assert!(svg.len() < 40_000, "{}", svg.len());
}

#[test]
fn the_largest_counts_there_can_be_are_drawn() {
    let most = chart(TimeRange::Month, &["a", "b"], |_, _| i64::MAX);
    let svg = most.picture(TimeRange::Month).unwrap();
    let document = Document::parse(&svg).unwrap();
    let rectangles = document.descendants().filter(|node| node.has_tag_name("rect"));
    for height in rectangles.filter_map(|node| node.attribute("height")) {
        assert!((0..=360).contains(&height.parse::<i32>().unwrap()), "{height}");
    }
}

/// Writes pictures into the folder `PICTURES`, to be looked at.
#[test]
fn pictures_to_look_at() {
    let Ok(folder) = std::env::var("PICTURES") else { return };
    let write = |name: &str, range: TimeRange, chart: &Chart| {
        std::fs::write(format!("{folder}/{name}.svg"), chart.picture(range).unwrap()).unwrap();
    };
    let ours = ["get_next_step", "search_documentation", "start_walkthrough", "read_document", "get_support"];
    let life = |n: usize, place: usize| {
        let wave = 60 + 40 * ((n * 7 + place * 3) % 5) as i64 + 25 * ((n * n) % 7) as i64;
        wave / (place as i64 + 1)
    };
    let ranges = [("1h", TimeRange::Hour), ("1d", TimeRange::Day), ("1w", TimeRange::Week), ("1m", TimeRange::Month)];
    for (name, range) in ranges {
        write(name, range, &chart(range, &ours, life));
    }
    write("empty", TimeRange::Week, &Chart::assemble(TimeRange::Week, NOW, &[], &[]));
    write("one", TimeRange::Day, &chart(TimeRange::Day, &ours[..1], |n, _| i64::from(n == 20)));
    let names: Vec<String> = (0..50).map(|n| format!("tool_number_{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let millions = |n: usize, place: usize| 40_000 * life(n, place) + place as i64;
    write("50", TimeRange::Month, &chart(TimeRange::Month, &names, millions));
    let long = "WWWW_".repeat(2_000);
    let hebrew = "\u{5d7}\u{5d9}\u{5e4}\u{5d5}\u{5e9} \u{5d1}\u{5de}\u{5e1}\u{5de}\u{5db}\u{5d9}\u{5dd} \u{5d9}\u{5e9}\u{5e0}\u{5d9}\u{5dd}";
    let odd = [
        "<script>alert(1)</script>",
        "a & b \"c\" 'd'",
        &long,
        hebrew,
        "\u{202e}gnorw",
        "検索する文書のための長い名前",
    ];
    write("hostile", TimeRange::Week, &chart(TimeRange::Week, &odd, life));
}
