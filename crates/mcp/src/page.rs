//! What a person sees who opens a hosted server in a browser.
use std::sync::LazyLock;

use axum::response::Response;
use guildhall_domain::mcp_servers::AuthType;
use guildhall_pages::{Press, Script, Value, context};
use guildhall_services::Served;
use http::{HeaderValue, StatusCode, header};

use crate::ways;

/// The pages of hosted servers.
pub(crate) static PRESS: LazyLock<Press> = LazyLock::new(|| {
    Press::new(&[
        ("code.html", include_str!("../templates/code.html")),
        ("connect.html", include_str!("../templates/connect.html")),
        ("sign-in.html", include_str!("../templates/sign-in.html")),
        ("trouble.html", include_str!("../templates/trouble.html")),
    ])
});

/// Looks whether the server answers, and copies what is to be pasted. Without it the page lacks nothing else.
const SCRIPT: Script = Script::new(include_str!("../templates/connect.js"));

/// The headers of a page that anybody may read but nobody keep, and that tells other sites nothing of itself.
const HEADERS: [(header::HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::VARY, "accept"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// A page that says what the server offers (title, name and a sentence each), and how to use it from `address`. `here`:
/// the same endpoint, where the page itself was opened.
pub(crate) fn connect(server: &Served, tools: &[[&str; 3]], address: &str, here: &str) -> Response {
    let page = context! {
        name => &server.name,
        organization => &server.organization,
        product => &server.product,
        is_paused => server.is_paused,
        has_sign_in => server.auth_type.has_sign_in(),
        sign_in => sign_in(server),
        tools => tools.iter().map(|&[title, name, says]| context! { title, name, says }).collect::<Vec<_>>(),
        address,
        here,
        ways => ways::all(server, address).into_iter().map(Value::from).collect::<Vec<_>>(),
        script => SCRIPT.text(),
    };
    let policy =
        format!("style-src 'unsafe-inline'; script-src {}; connect-src 'self'; form-action 'none'", SCRIPT.source());
    let mut page = PRESS.page_with(StatusCode::OK, "connect.html", page, &policy);
    for (name, value) in HEADERS {
        page.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    page
}

fn sign_in(server: &Served) -> String {
    match server.auth_type {
        AuthType::None => "Nobody signs in here.".to_owned(),
        AuthType::PlatformOauth => {
            "Your client opens a page where you sign in with your email address and a code that is mailed to it."
                .to_owned()
        }
        AuthType::CustomOauth => {
            format!("Your client opens a page that leads to the sign-in of {}.", server.organization)
        }
        AuthType::CollectEmail => "You are asked for your email address before anything else.".to_owned(),
    }
}
