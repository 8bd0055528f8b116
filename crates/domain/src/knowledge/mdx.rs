//! MDX without what is for a renderer: `import` and `export`, components around their text, expressions, comments. What
//! is no MDX, such as a brace that is never closed, stays as it stands.

mod jsx;
mod statements;

use super::code;

/// Markdown from MDX: of JSX, only the elements that HTML has too are left.
pub(super) fn to_markdown(mdx: &str) -> String {
    squeezed(&jsx::without(&statements::without(mdx)))
}

/// Markdown without what the same renderers take in it too: lines of `import`, and `:::` around notes.
pub(super) fn plain_markdown(markdown: &str) -> String {
    squeezed(&statements::without_imports(markdown))
}

/// At most one empty line at a time, outside of code.
fn squeezed(text: &str) -> String {
    let code = code::ranges(text);
    let mut fences = code.iter().peekable();
    let mut out = String::with_capacity(text.len());
    let mut at = 0_usize;
    let mut empty = true;
    for line in text.split_inclusive('\n') {
        while fences.next_if(|range| range.end <= at).is_some() {}
        let in_code = fences.peek().is_some_and(|range| range.start <= at);
        let is_empty = line.trim().is_empty() && !in_code;
        if !is_empty {
            out.push_str(line);
        } else if !empty {
            out.push('\n');
        }
        empty = is_empty;
        at = at.saturating_add(line.len());
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::{plain_markdown, to_markdown};

    #[test]
    fn statements_and_comments_are_gone() {
        for (mdx, markdown) in [
            ("import A from \"../a.mdx\"\nimport B from './b';\n\n# Title\ntext", "# Title\ntext"),
            ("import {\n  A,\n  B\n} from 'x'\n\ntext", "text"),
            ("export const meta = {\n  a: 1,\n\n  b: [2]\n}\n\ntext", "text"),
            ("export default ({ children }) => <div>{children}</div>\n\ntext", "text"),
            ("a {/* b\n\nc { */} d", "a  d"),
            ("a {props.b} c{' '}d", "a  c d"),
            ("## Ports {#ports}\n\ntext", "## Ports \n\ntext"),
            ("importing is easy\n\nexport your data first.", "importing is easy\n\nexport your data first."),
            ("text\nimport \"x\"", "text\nimport \"x\""),
        ] {
            assert_eq!(to_markdown(mdx), markdown, "{mdx}");
        }
    }

    #[test]
    fn components_leave_what_is_in_them() {
        for (mdx, markdown) in [
            ("<Note/>\n1. <Step name=\"a > b\" />\n\ntext", "1. \n\ntext"),
            ("a <Link to={{ path: '/x', f: () => y > 1 }}>here</Link>, <>b</>", "a here, b"),
            (
                "<Tabs>\n  <TabItem value=\"l\" label=\"Linux\" default>\n\n    Run:\n\n    ```sh\n    a\n      b <C/> {d}\n    ```\n\n  \
                 </TabItem>\n  <TabItem>\n    Two\n  </TabItem>\n</Tabs>\nend",
                "Run:\n\n```sh\na\n  b <C/> {d}\n```\n\nTwo\n\nend",
            ),
            ("<div style={{ color: 'red' }}>\n<b class=\"x\">y</b></div>", "<div>\n<b class=\"x\">y</b></div>"),
            ("`<A>{b}</A>` and ``<B>``", "`<A>{b}</A>` and ``<B>``"),
            ("a < b, <https://x.test>, \\<A> \\{b}, 1<2", "a < b, <https://x.test>, \\<A> \\{b}, 1<2"),
            ("never <Closed and {open\n\nstill } here", "never <Closed and {open\n\nstill } here"),
        ] {
            assert_eq!(to_markdown(mdx), markdown, "{mdx}");
        }
    }

    #[test]
    fn notes_are_paragraphs() {
        let markdown = "import A from \"a\"\n\n:::note\nMind this.\n:::\n\n:::tip[Hint]\n  x\n:::\n\n```\n:::note\n```\n\nexport x {y} <B/>";
        let plain = "Note:\nMind this.\n\nTip: Hint\n  x\n\n```\n:::note\n```\n\nexport x {y} <B/>";
        assert_eq!(plain_markdown(markdown), plain);
    }
}
