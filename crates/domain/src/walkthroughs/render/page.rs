//! A step as its author previews it.

use super::{Sheet, markdown::markdown};
use crate::walkthroughs::WalkthroughType;

/// A step as its author previews it: clean HTML, one `section` a text, with one heading above them all.
#[must_use]
pub fn html(sheet: &Sheet<'_>) -> String {
    let mut page = format!("<article><header><p>{}</p>", ammonia::clean_text(sheet.walkthrough));
    if !sheet.description.trim().is_empty() {
        page.push_str(&format!("<p>{}</p>", ammonia::clean_text(sheet.description)));
    }
    if let Some(kind) = sheet.kind {
        page.push_str(&format!("<p>{}</p>", kind.word()));
    }
    let of = sheet.total.map(|total| format!(" of {total}")).unwrap_or_default();
    page.push_str(&format!("<h1>Step {}{of}: {}</h1></header>", sheet.number, ammonia::clean_text(sheet.step)));
    for section in sheet.written() {
        let (tag, heading) = (section.tag, section.heading);
        page.push_str(&format!("<section id=\"{tag}\"><h2>{heading}</h2>{}</section>", markdown(section.text)));
    }
    page.push_str("</article>");
    page
}

impl WalkthroughType {
    const fn word(self) -> &'static str {
        match self {
            Self::Course => "Course",
            Self::Installer => "Installer",
            Self::Troubleshooting => "Troubleshooting",
            Self::Integration => "Integration",
            Self::Quickstart => "Quickstart",
        }
    }
}
