//! How a server is added to the clients that people have: links that do it, and what to paste.
//!
//! Formats as their makers document them, looked up in November 2026: claude.com/docs/connectors, cursor.com/docs/mcp,
//! code.visualstudio.com/docs (MCP developer guide), geminicli.com/docs, developers.openai.com (Codex, developer mode).
use base64::{Engine as _, prelude::BASE64_STANDARD};
use guildhall_pages::{Value as Printed, context};
use guildhall_services::Served;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// As JavaScript's `encodeURIComponent`, but for what HTML and shells mind.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How one client is told.
#[derive(Debug)]
pub(crate) struct Way {
    id: &'static str,
    client: &'static str,
    links: Vec<Link>,
    /// What to do, one line each.
    steps: Vec<&'static str>,
    /// What to paste.
    texts: Vec<Text>,
}

#[derive(Debug)]
struct Link {
    words: &'static str,
    url: String,
}

#[derive(Debug)]
struct Text {
    /// Where it belongs.
    label: &'static str,
    text: String,
}

impl From<Way> for Printed {
    fn from(way: Way) -> Self {
        let links = way.links.into_iter().map(|Link { words, url }| context! { words, url }).collect::<Vec<_>>();
        let texts = way.texts.into_iter().map(|Text { label, text }| context! { label, text }).collect::<Vec<_>>();
        context! { id => way.id, client => way.client, steps => way.steps, links, texts }
    }
}

/// Every client, those that most people have first.
pub(crate) fn all(server: &Served, address: &str) -> Vec<Way> {
    // A slug and an address need no quotes in any shell.
    let (slug, has_sign_in) = (server.slug.as_str(), server.auth_type.has_sign_in());
    vec![
        claude(&server.name, address),
        chatgpt(has_sign_in),
        claude_code(slug, address, has_sign_in),
        cursor(slug, address),
        vs_code(slug, address),
        gemini(slug, address),
        codex(slug, address, has_sign_in),
        others(slug, address),
    ]
}

fn claude(name: &str, address: &str) -> Way {
    let url = format!(
        "https://claude.ai/customize/connectors?modal=add-custom-connector&connectorName={}&connectorUrl={}",
        encoded(name),
        encoded(address)
    );
    Way {
        id: "claude",
        client: "Claude",
        links: vec![Link { words: "Add to Claude", url }],
        steps: vec![
            "By hand, on the web and in the desktop app: Customize, Connectors, Add custom connector; paste the address.",
            "Claude calls from the Internet: an address of this machine or of a private network is out of its reach.",
        ],
        texts: vec![],
    }
}

fn chatgpt(has_sign_in: bool) -> Way {
    let authentication = if has_sign_in {
        "Create app: paste the address as the MCP server URL; Authentication: OAuth."
    } else {
        "Create app: paste the address as the MCP server URL; Authentication: none."
    };
    let url = "https://chatgpt.com/#settings/Connectors".to_owned();
    Way {
        id: "chatgpt",
        client: "ChatGPT",
        links: vec![Link { words: "Open ChatGPT\u{2019}s settings", url }],
        steps: vec![
            "On the web: Settings, Apps, Advanced settings; switch Developer mode on.",
            authentication,
            "In a chat, choose it under + in the developer mode.",
        ],
        texts: vec![],
    }
}

fn claude_code(slug: &str, address: &str, has_sign_in: bool) -> Way {
    Way {
        id: "claude-code",
        client: "Claude Code",
        links: vec![],
        steps: if has_sign_in { vec!["Then type /mcp in Claude Code, and sign in."] } else { vec![] },
        texts: vec![Text { label: "In a terminal", text: format!("claude mcp add --transport http {slug} {address}") }],
    }
}

fn cursor(slug: &str, address: &str) -> Way {
    let config = json!({ "url": address });
    let encoded_config = encoded(&BASE64_STANDARD.encode(config.to_string()));
    let url = format!("cursor://anysphere.cursor-deeplink/mcp/install?name={slug}&config={encoded_config}");
    Way {
        id: "cursor",
        client: "Cursor",
        links: vec![Link { words: "Add to Cursor", url }],
        steps: vec![],
        texts: vec![Text {
            label: "Or in ~/.cursor/mcp.json",
            text: pretty(&json!({ "mcpServers": { slug: config } })),
        }],
    }
}

fn vs_code(slug: &str, address: &str) -> Way {
    let config = json!({ "type": "http", "url": address });
    let named = json!({ "name": slug, "type": "http", "url": address });
    let redirect =
        format!("https://vscode.dev/redirect/mcp/install?name={slug}&config={}", encoded(&config.to_string()));
    Way {
        id: "vs-code",
        client: "VS Code",
        links: vec![
            Link { words: "Add to VS Code", url: format!("vscode:mcp/install?{}", encoded(&named.to_string())) },
            Link { words: "The same by way of vscode.dev", url: redirect },
        ],
        steps: vec![],
        texts: vec![
            Text { label: "Or in a terminal", text: format!("code --add-mcp '{named}'") },
            Text { label: "Or in .vscode/mcp.json", text: pretty(&json!({ "servers": { slug: config } })) },
        ],
    }
}

fn gemini(slug: &str, address: &str) -> Way {
    let config = json!({ "mcpServers": { slug: { "httpUrl": address } } });
    Way {
        id: "gemini-cli",
        client: "Gemini CLI",
        links: vec![],
        steps: vec![],
        texts: vec![
            Text {
                label: "In a terminal",
                text: format!("gemini mcp add --scope user --transport http {slug} {address}"),
            },
            Text { label: "Or in ~/.gemini/settings.json", text: pretty(&config) },
        ],
    }
}

fn codex(slug: &str, address: &str, has_sign_in: bool) -> Way {
    let add = format!("codex mcp add {slug} --url {address}");
    let text = if has_sign_in { format!("{add}\ncodex mcp login {slug}") } else { add };
    Way {
        id: "codex",
        client: "Codex",
        links: vec![],
        steps: vec![],
        texts: vec![
            Text { label: "In a terminal", text },
            Text { label: "Or in ~/.codex/config.toml", text: format!("[mcp_servers.{slug}]\nurl = \"{address}\"") },
        ],
    }
}

fn others(slug: &str, address: &str) -> Way {
    let config = json!({ "mcpServers": { slug: { "type": "http", "url": address } } });
    Way {
        id: "others",
        client: "Another client",
        links: vec![],
        steps: vec![
            "Transport: Streamable HTTP. Where there is a field for it, paste the address; nothing else is needed.",
        ],
        texts: vec![Text { label: "Where there is a file, mostly this", text: pretty(&config) }],
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

#[cfg(test)]
mod tests {
    use guildhall_domain::mcp_servers::AuthType;
    use guildhall_services::Served;

    use super::all;

    const ADDRESS: &str = "https://acme-help.example.test/mcp/ann.b";

    fn ways(auth_type: AuthType) -> String {
        let server = Served {
            name: "Ann\u{2019}s \"Help\" & more".to_owned(),
            slug: "acme-help".to_owned(),
            url: "https://acme-help.example.test/mcp".to_owned(),
            organization: "Acme".to_owned(),
            product: None,
            auth_type,
            is_paused: false,
            takes_tickets: true,
            has_walkthroughs: false,
            has_knowledge: false,
        };
        let ways = all(&server, ADDRESS);
        let texts = |way: &super::Way| {
            let links = way.links.iter().map(|link| link.url.clone());
            let steps = way.steps.iter().map(|&step| step.to_owned());
            links.chain(steps).chain(way.texts.iter().map(|text| text.text.clone())).collect::<Vec<_>>()
        };
        ways.iter().flat_map(texts).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_client_is_told_in_its_own_words() {
        let told = ways(AuthType::None);
        for words in [
            "connectorName=Ann%E2%80%99s%20%22Help%22%20%26%20more&connectorUrl=https%3A%2F%2Facme-help.example.test%2Fmcp%2Fann.b",
            "claude mcp add --transport http acme-help https://acme-help.example.test/mcp/ann.b",
            // {"url":"https://acme-help.example.test/mcp/ann.b"}
            "install?name=acme-help&config=eyJ1cmwiOiJodHRwczovL2FjbWUtaGVscC5leGFtcGxlLnRlc3QvbWNwL2Fubi5iIn0%3D",
            "vscode:mcp/install?%7B%22name%22%3A%22acme-help%22%2C%22type%22%3A%22http%22%2C%22url%22%3A%22https%3A%2F%2F",
            "vscode.dev/redirect/mcp/install?name=acme-help&config=%7B%22type%22%3A%22http%22%2C%22url%22%3A",
            r#"code --add-mcp '{"name":"acme-help","type":"http","url":"https://acme-help.example.test/mcp/ann.b"}'"#,
            "gemini mcp add --scope user --transport http acme-help https://acme-help.example.test/mcp/ann.b",
            r#""httpUrl": "https://acme-help.example.test/mcp/ann.b""#,
            "codex mcp add acme-help --url https://acme-help.example.test/mcp/ann.b",
            "[mcp_servers.acme-help]\nurl = \"https://acme-help.example.test/mcp/ann.b\"",
        ] {
            assert!(told.contains(words), "{words} is not in\n{told}");
        }
        assert!(!told.contains("login"));
    }

    #[test]
    fn whoever_signs_in_is_told_how() {
        let told = ways(AuthType::PlatformOauth);
        for words in ["/mcp in Claude Code", "codex mcp login acme-help", "Authentication: OAuth"] {
            assert!(told.contains(words), "{words}");
        }
    }
}
