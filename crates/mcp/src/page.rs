//! What a person sees who opens a hosted server in a browser.
use axum::response::{Html, IntoResponse, Response};
use guildhall_services::Served;
use http::header;

/// A page that names the server and the address to paste into a client.
pub(crate) fn connect(server: &Served, address: &str) -> Response {
    let about = server.product.as_deref().map(|product| format!("<p>It helps with {}.</p>", escaped(product)));
    let (name, about, address) = (escaped(&server.name), about.unwrap_or_default(), escaped(address));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{name}</title></head>\
         <body><main><h1>{name}</h1><p>This is an MCP server.</p>{about}\
         <p>Paste this address into your MCP client:</p><p><code>{address}</code></p></main></body></html>"
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_name_stays_text() {
        assert_eq!(escaped("<b title='x'>\"A\" & B</b>"), "&lt;b title=&#39;x&#39;&gt;&quot;A&quot; &amp; B&lt;/b&gt;");
    }
}
