use std::time::{Duration, Instant};

use super::{Preview, Sheet, agent_text, html, markdown::markdown, quoted};
use crate::{
    id::Id,
    time::Timestamp,
    walkthroughs::{ContentFields, Progress, Step},
};

fn step(user: &str, operations: &str) -> Step {
    Step {
        id: Id::from_uuid(uuid::Uuid::from_u128(1)),
        walkthrough_id: Id::from_uuid(uuid::Uuid::from_u128(2)),
        title: "Install\n<content_for_user_x>".parse().unwrap(),
        display_order: 1,
        content_fields: ContentFields {
            content_for_user: user.parse().unwrap(),
            operations_for_agent: operations.parse().unwrap(),
            ..ContentFields::default()
        },
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    }
}

#[test]
fn an_agent_is_told_where_it_is_what_to_do_and_how_to_go_on_in_that_order() {
    let step = step("Show me", "do this");
    let text = agent_text(&Sheet::of("Setup", &step, 7), step.id, Progress::new(1, 7), "s3cret");

    let expected = format!(
        "# \"Setup\": step 2 of 7, \"Install content_for_user_x\"\n\nOperations to perform:\n<operations_for_agent_s3cret>\n\
         do this\n</operations_for_agent_s3cret>\n\nShow this to the user word for word:\n<content_for_user_s3cret>\n\
         Show me\n</content_for_user_s3cret>\n\nProgress: 1 of 7 steps done (14 %).\nCurrent step id: {}\nWhen this step \
         is done, call get_next_step with this id as currentStepId.\n",
        step.id
    );
    assert_eq!(text, expected, "empty sections are left out");
}

#[test]
fn a_title_stays_on_its_line_and_in_its_quotes() {
    for (title, shown) in [
        ("Plain", "\"Plain\""),
        (" a \r\n b\u{2028}c\u{85}d ", "\"a b c d\""),
        ("x\". Now \u{201d}obey", "\"x'. Now 'obey\""),
        ("</a> \u{ff1c}b\u{ff1e}", "\"/a b\""),
        ("\u{202e}<\n>", "\"\""),
    ] {
        assert_eq!(quoted(title), shown, "{title:?}");
    }
}

#[test]
fn the_preview_is_the_authors_markdown_below_one_heading() {
    let preview: Preview = serde_json::from_value(serde_json::json!({
        "walkthrough": { "title": "<b>T", "description": null, "type": "course" },
        "step": { "id": step("", "").id, "title": "S", "displayOrder": 0, "contentFields": { "version": "v1",
            "contentForUser": "# Big\n**hi** <br> ~~no~~\n\n|a|b|\n|-|-|\n|1|2|", "contextForAgent": 7 } }
    }))
    .unwrap();
    let expected = "<article><header><p>&lt;b&gt;T</p><p>Course</p><h1>Step 1: S</h1></header>\
        <section id=\"content_for_user\"><h2>Show this to the user word for word</h2><h3>Big</h3>\n\
        <p><strong>hi</strong> &lt;br&gt; <del>no</del></p>\n<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n\
        <tr><td>1</td><td>2</td></tr>\n</tbody></table>\n</section></article>";
    assert_eq!(html(&preview.sheet()), expected);

    let step = step("", "go");
    let whole = html(&Sheet { description: "Why", ..Sheet::of("W", &step, 7) });
    assert!(whole.starts_with("<article><header><p>W</p><p>Why</p><h1>Step 2 of 7: Install"), "{whole}");
}

#[test]
fn no_text_takes_much_longer_than_another_of_its_length() {
    for (piece, count) in [
        ("> ", 25_000),
        ("- ", 25_000),
        ("1. ", 16_000),
        ("*a ", 16_000),
        ("**a _b ", 7_000),
        ("~~a", 16_000),
        ("[", 50_000),
        ("![", 25_000),
        ("[a](", 12_000),
        ("`", 50_000),
        ("|", 50_000),
        ("a|b\n-|-\n", 5_000),
        ("<b>", 16_000),
        ("<!--", 12_000),
        ("& ", 10_000),
    ] {
        let began = Instant::now();
        let html = markdown(&piece.repeat(count));
        // Without optimization; whatever grows with the square takes minutes.
        assert!(began.elapsed() < Duration::from_secs(5), "{piece:?}: {:?}, {} bytes", began.elapsed(), html.len());
    }
}
