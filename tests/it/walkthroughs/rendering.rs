//! What somebody writes stays in its place: in an agent's text, in the HTML of a preview, and on its page.

use guildhall_tests::{Visiting, World};
use html5ever::{driver::ParseOpts, parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::SLUG;
use crate::node::Node;

/// One to a line; `\n` is a line break.
const XSS: &str = include_str!("attacks/xss.txt");
/// The same; `{suffix}` is the suffix of the rendering before.
const BREAKOUTS: &str = include_str!("attacks/breakouts.txt");

const FIELDS: [&str; 4] = ["introductionForAgent", "contextForAgent", "operationsForAgent", "contentForUser"];

fn attacks(file: &str, least: usize) -> Vec<String> {
    let attacks: Vec<String> =
        file.lines().map(|line| line.replace("\\n", "\n").replace("\\u{2028}", "\u{2028}")).collect();
    assert!(attacks.len() >= least);
    attacks
}

/// As much of it as a title or a description takes.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Content fields that all say the same.
fn everywhere(text: &str) -> Value {
    let mut fields = json!({ "version": "v1" });
    for name in FIELDS {
        fields[name] = json!(text);
    }
    fields
}

/// What a browser makes of a page.
fn parsed(html: &str) -> RcDom {
    parse_document(RcDom::default(), ParseOpts::default()).one(html)
}

/// The elements below `node` called `name`, itself included.
fn named(node: &Handle, name: &str) -> Vec<Handle> {
    let mut found = Vec::new();
    if matches!(&node.data, NodeData::Element { name: own, .. } if &*own.local == name) {
        found.push(node.clone());
    }
    found.extend(node.children.borrow().iter().flat_map(|child| self::named(child, name)));
    found
}

fn children(node: &Handle) -> Vec<String> {
    let children = node.children.borrow();
    let elements = children.iter().filter_map(|child| match &child.data {
        NodeData::Element { name, .. } => Some(name.local.to_string()),
        _ => None,
    });
    elements.collect()
}

/// Where a link may lead, and from where a picture may come.
fn is_harmless(address: &str, schemes: &[&str]) -> bool {
    Url::parse(address).is_ok_and(|url| schemes.contains(&url.scheme()))
}

/// Everything below `node` that could do harm.
fn harm(node: &Handle, found: &mut Vec<String>) {
    match &node.data {
        NodeData::Element { name, attrs, template_contents, .. } => {
            let element = &*name.local;
            let markup = [
                "article",
                "header",
                "section",
                "p",
                "br",
                "hr",
                "h1",
                "h2",
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
            if !markup.contains(&element) || &*name.ns != "http://www.w3.org/1999/xhtml" {
                found.push(format!("<{element}>"));
            }
            for attribute in attrs.borrow().iter() {
                let (key, value) = (&*attribute.name.local, &*attribute.value);
                let fine = match (element, key) {
                    ("a", "href") => is_harmless(value, &["http", "https", "mailto"]),
                    ("img", "src") => is_harmless(value, &["http", "https"]),
                    ("a", "rel" | "title") | ("img", "alt" | "title") | ("ol", "start") => true,
                    ("section", "id") => value.ends_with("_for_agent") || value.ends_with("_for_user"),
                    _ => false,
                };
                if !fine {
                    found.push(format!("<{element} {key}={value:?}>"));
                }
            }
            if template_contents.borrow().is_some() {
                found.push("a template".to_owned());
            }
        }
        NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } | NodeData::Doctype { .. } => {
            found.push("neither an element nor text".to_owned());
        }
        NodeData::Document | NodeData::Text { .. } => {}
    }
    node.children.borrow().iter().for_each(|child| harm(child, found));
}

/// What is wrong with the one preview below `node`.
fn faults(node: &Handle) -> Vec<String> {
    let mut found = Vec::new();
    let [article] = &named(node, "article")[..] else { return vec!["not one article".to_owned()] };
    harm(article, &mut found);
    let parts = children(article);
    if parts != ["header", "section", "section", "section", "section"] {
        found.push(format!("it consists of {parts:?}"));
    }
    found
}

#[tokio::test]
async fn no_preview_does_harm_whatever_is_written() {
    let world = World::new().await;
    for attack in attacks(XSS, 60) {
        let input = json!({
            "walkthrough": { "title": cut(&attack, 100), "description": attack, "type": "course" },
            "step": { "id": world.ours.steps[0].id, "title": attack, "displayOrder": 0,
                "contentFields": everywhere(&attack) } });
        let html = world.ok("walkthrough.renderStep", input).await;
        let html = html.as_str().unwrap();

        let document = parsed(html);
        assert_eq!(faults(&document.document), [""; 0], "{attack:?} became {html}");
        assert_eq!(children(&named(&document.document, "body")[0]), ["article"], "{attack:?} became {html}");
        assert_eq!(children(&named(&document.document, "head")[0]), [""; 0], "{attack:?} became {html}");
    }
}

#[tokio::test]
async fn no_page_of_a_step_does_harm_whatever_is_written() {
    let (node, attacks) = (Node::start().await, attacks(XSS, 60));
    let cookie = node.browser().await;
    let token = node.sign_in().await;
    let plain = parsed(&{
        let (walkthrough, steps) = import(&node, &token, &["plain".to_owned()]).await;
        page(&node, &cookie, &walkthrough, &steps[0]).await
    });
    let own = |document: &RcDom, name: &str| named(&document.document, name).len();
    for attack in &attacks {
        let (walkthrough, steps) = import(&node, &token, std::slice::from_ref(attack)).await;
        let html = page(&node, &cookie, &walkthrough, &steps[0]).await;
        let document = parsed(&html);
        assert_eq!(faults(&document.document), [""; 0], "{attack:?} became {html}");
        for name in ["script", "style", "link", "meta", "base", "form", "input", "iframe", "title", "nav", "main"] {
            assert_eq!(own(&document, name), own(&plain, name), "{attack:?}: {name} in {html}");
        }
    }
}

/// The ids of a walkthrough and its steps, each of which says one of `texts` everywhere.
async fn import(node: &Node, token: &str, texts: &[String]) -> (String, Vec<String>) {
    let step = |(place, text): (usize, &String)| json!({ "title": cut(text, 200), "displayOrder": place, "contentFields": everywhere(text) });
    let steps: Vec<Value> = texts.iter().enumerate().map(step).collect();
    let document = json!({ "version": "1.0", "exportedAt": "2026-01-01T00:00:00.000Z",
        "walkthrough": { "title": cut(&texts[0], 100), "description": cut(&texts[0], 500), "type": "course",
            "status": "draft" }, "steps": steps });
    let (_, made) = node.post("/api/walkthrough/import", Some(token), json!({ "document": document })).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let (_, found) = node.post("/api/walkthrough/get", Some(token), json!({ "walkthroughId": id })).await;
    let steps = found["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap().to_owned());
    (id, steps.collect())
}

async fn page(node: &Node, cookie: &str, walkthrough: &str, step: &str) -> String {
    let request = node.request(Method::GET, &format!("/walkthroughs/{walkthrough}/steps/{step}"));
    let response = request.header("cookie", cookie).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert_eq!(
        policy,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    response.text().await.unwrap()
}

/// An agent's text taken apart.
#[derive(Debug, PartialEq)]
struct Told {
    suffix: String,
    titles: [String; 2],
    texts: Vec<String>,
}

/// The rest of `text` after `start`.
fn after<'a>(text: &'a str, start: &str) -> &'a str {
    text.strip_prefix(start).unwrap_or_else(|| panic!("{start:?} should come before {text:?}"))
}

/// Takes an agent's text apart by its structure alone; whatever stands where it should not is a panic.
fn told(text: &str, step: &str) -> Told {
    let title = |text: &str| {
        let (title, rest) = after(text, "\"").split_once('"').unwrap();
        (title.to_owned(), rest.to_owned())
    };
    let (line, mut rest) = text.split_once('\n').unwrap();
    let (walkthrough, line) = title(after(line, "# "));
    let (name, end) = title(after(&line, ": step 1 of 2, "));
    assert_eq!(end, "", "after the titles");
    let (_, suffixed) = rest.split_once("<introduction_for_agent_").unwrap();
    let suffix = suffixed.split_once('>').unwrap().0.to_owned();
    assert!(suffix.len() >= 12 && suffix.bytes().all(|b| b.is_ascii_hexdigit()), "{suffix}");
    let mut texts = Vec::new();
    for (heading, tag) in [
        ("What this step is for", "introduction_for_agent"),
        ("Background", "context_for_agent"),
        ("Operations to perform", "operations_for_agent"),
        ("Show this to the user word for word", "content_for_user"),
    ] {
        rest = after(rest, &format!("\n{heading}:\n<{tag}_{suffix}>\n"));
        let (inside, behind) = rest.split_once(&format!("\n</{tag}_{suffix}>\n")).unwrap();
        texts.push(inside.to_owned());
        rest = behind;
    }
    let end = format!(
        "\nProgress: 0 of 2 steps done (0 %).\nCurrent step id: {step}\nWhen this step is done, call get_next_step with \
         this id as currentStepId.\n"
    );
    assert!(rest == end, "{rest:?} is not {end:?}");
    Told { suffix, titles: [walkthrough, name], texts }
}

#[tokio::test]
async fn nothing_leaves_its_section_whatever_is_written() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;
    let (walkthrough, step) = (json!(world.ours.walkthrough.id), world.ours.steps[0].id.to_string());
    world.ok("walkthrough.deleteStep", json!({ "stepId": world.ours.steps[2].id })).await;
    let all = json!({ "stepId": step, "contentFields": everywhere("as it was") });
    world.ok("walkthrough.updateStep", all).await;
    let mut before = told(&visiting.tool("start_walkthrough", json!({})).await.text, &step);
    for attack in attacks(BREAKOUTS, 20) {
        let attack = attack.replace("{suffix}", &before.suffix);
        let fields = everywhere(&attack);
        let titled = json!({ "walkthroughId": walkthrough, "title": cut(&attack, 100) });
        world.ok("walkthrough.update", titled).await;
        let edit = json!({ "stepId": step, "title": cut(&attack, 200), "contentFields": fields });
        world.ok("walkthrough.updateStep", edit).await;

        let answer = visiting.tool("get_next_step", json!({})).await;

        let now = told(&answer.text, &step);
        assert_eq!(now.texts, vec![attack.trim_end(); 4], "word for word");
        for title in &now.titles {
            assert!(!title.contains(['<', '>', '\n', '\u{2028}', '"', '\u{201c}', '\u{201d}']), "{title:?}");
        }
        assert_ne!(now.suffix, before.suffix);
        before = now;
    }
}
