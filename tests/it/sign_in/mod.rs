//! How end users sign in at hosted servers.
mod emails;
mod http;
mod merging;
mod requests;
mod rounds;
mod tokens;
mod upstream;

use guildhall_domain::oauth::OauthCode;
use guildhall_services::{
    App, Client, Guest, Visit,
    oauth::{Asked, Credentials, Entered, Face, Failed, Granted, Parameters, SignInServer},
};
use guildhall_tests::{World, code_in};
use serde_json::{Value, json};
use url::Url;

const SLUG: &str = "ours-server";
const BACK: &str = "https://client.example.test/callback";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Has the end users of our server sign in that way.
async fn switch(world: &World, auth_type: &str, config: Option<&str>) {
    let mut change =
        json!({ "serverId": world.ours.server.id, "authType": auth_type, "supportTicketType": "dashboard" });
    if let Some(config) = config {
        change["customOauthConfigId"] = json!(config);
    }
    world.call("mcpServers.updateConfiguration", &world.ours.vouched, change).await.unwrap();
}

/// A world whose server has people sign in here.
async fn platform() -> World {
    let world = World::new().await;
    switch(&world, "platform_oauth", None).await;
    world
}

async fn at(world: &World, slug: &str) -> SignInServer {
    world.app.sign_in_server(slug, Face::Host).await.unwrap()
}

fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    Parameters(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// A client that registered without a secret.
async fn client(world: &World, at: &SignInServer) -> String {
    let document = json!({ "redirect_uris": [BACK], "client_name": "Tests", "token_endpoint_auth_method": "none" });
    world.app.register_client(at, &document, None).await.unwrap().id.to_string()
}

/// A good request of that client, with `more` in the place of what it has.
fn request<'a>(client_id: &'a str, more: &[(&'a str, &'a str)]) -> Parameters {
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", BACK),
        ("state", "st&te"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    parameters(&pairs)
}

async fn ask(app: &App, at: &SignInServer, client_id: &str) -> Asked {
    app.ask_to_sign_in(at, &request(client_id, &[]), None).await.unwrap()
}

/// The code that was mailed last.
async fn mailed(world: &World) -> String {
    world.letters().await.last().map(code_in).unwrap()
}

/// Signs `email` in; the client's address with the answer.
async fn answer(world: &World, at: &SignInServer, client_id: &str, email: &str) -> String {
    let asked = ask(&world.app, at, client_id).await;
    let ticket = world.app.mail_sign_in_code(at, &asked.sealed, &email.parse().unwrap(), None).await.unwrap();
    let code = mailed(world).await;
    match world.app.enter_sign_in_code(at, &ticket, &code).await.unwrap() {
        Entered::Right(url) => url,
        other => panic!("{other:?}"),
    }
}

/// One value of an address's query.
fn value(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

async fn redeem(app: &App, at: &SignInServer, client_id: &str, code: &str) -> Result<Granted, Failed> {
    let sent =
        [("grant_type", "authorization_code"), ("code", code), ("client_id", client_id), ("code_verifier", VERIFIER)];
    app.grant_token(at, &parameters(&sent), None).await
}

async fn refresh(app: &App, at: &SignInServer, client_id: &str, token: &str) -> Result<Granted, Failed> {
    let sent = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", client_id)];
    app.grant_token(at, &parameters(&sent), None).await
}

/// Signs `email` in and gets its tokens.
async fn signed_in(world: &World, at: &SignInServer, client_id: &str, email: &str) -> Granted {
    let url = answer(world, at, client_id, email).await;
    redeem(&world.app, at, client_id, &value(&url, "code").unwrap()).await.unwrap()
}

fn visit(tracking_id: Option<&str>, token: Option<&str>) -> Visit {
    Visit {
        slug: SLUG.to_owned(),
        tracking_id: tracking_id.map(|id| id.parse().unwrap()),
        session_key: None,
        token: token.map(str::to_owned),
    }
}

/// Comes in with a token.
async fn enter(app: &App, visit: &Visit) -> guildhall_domain::Result<Guest> {
    let visitor = app.greet(visit).await?;
    app.settle(&visitor, &Client::default(), None).await
}

/// Calls a tool as `guest`.
async fn tool(app: &App, guest: &Guest, name: &str, input: Value) -> guildhall_services::Answer {
    let tools = guildhall_catalogue::tools();
    tools.get(name).unwrap().call(app, guest, input).await.unwrap()
}

/// Why it was refused.
fn code_of<T: std::fmt::Debug>(result: Result<T, Failed>) -> OauthCode {
    match result {
        Err(Failed::Refused(refused)) => refused.code,
        other => panic!("{other:?}"),
    }
}

fn basic(client_id: &str, secret: &str) -> Credentials {
    Credentials { client_id: client_id.to_owned(), secret: secret.to_owned() }
}

/// Our organization's end users.
async fn users(world: &World) -> Vec<Value> {
    let page = world.call("mcpServers.listUsers", &world.ours.vouched, json!({ "limit": 100 })).await.unwrap();
    page["items"].as_array().unwrap().clone()
}
