//! Plain BM25 over the same chunks, by `rank_bm25` from PyPI: whoever searches better than words are counted has something.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{library::Page, questions::Question};
use crate::{clients::install, process::root};

/// The pages that answer each question, the best first, and the milliseconds that one takes.
pub(super) fn ask(pages: &[Page], questions: &[Question]) -> Result<(Vec<Vec<String>>, f64)> {
    let scripts = root()?.join("xtask/comparison/search");
    let python = install::venv(&scripts.join("requirements.txt"), "comparison-search")?;
    let chunks: Vec<Value> = pages.iter().flat_map(chunks).collect();
    let texts: Vec<&str> = questions.iter().map(|question| question.text).collect();
    let mut child = Command::new(python)
        .arg(scripts.join("bm25.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run Python")?;
    let given = serde_json::to_vec(&json!({ "chunks": chunks, "questions": texts }))?;
    // It answers only once it has read everything.
    child.stdin.take().context("Python reads")?.write_all(&given)?;
    let said = child.wait_with_output()?;
    ensure!(said.status.success(), "bm25.py ended with {}", said.status);
    let mut answer: Value = serde_json::from_slice(&said.stdout)?;
    let each = answer["millisecondsEach"].as_f64().context("bm25.py measures")?;
    Ok((serde_json::from_value(answer["answers"].take())?, each))
}

/// Title and headings count as words of each chunk, as they do in the server.
fn chunks(page: &Page) -> Vec<Value> {
    let reading = page.reading();
    let text = |heading: &str, text: &str| format!("{}\n{heading}\n{text}", reading.title);
    let sections = reading.sections.iter();
    sections.map(|one| json!({ "page": page.path.as_str(), "text": text(&one.heading, &one.text) })).collect()
}
