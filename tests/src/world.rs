//! Two organizations, each with one of everything.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use guildhall_catalogue::{Catalogue, catalogue};
use guildhall_domain::{
    Id, Result, id,
    mail::Letter,
    mcp_servers::McpServer,
    organizations::Organization,
    walkthroughs::{Step, Walkthrough},
};
use guildhall_outbound::Fetcher;
use guildhall_repositories::Database;
use guildhall_services::{
    App, Caller, EachFiveMinutes, KeptDays, Limits, Rate, Settings,
    auth::SignUp,
    organizations::CreateOrganization,
    ports::{Clock, Fetch, Ports, Random, SystemRandom},
};
use serde_json::{Value, json};

use crate::{Library, Mailbox, People, Spares, TestClock, TestDatabase, Visiting, Web, token_in};

/// A world to test in.
pub struct World {
    /// Guildhall.
    pub app: App,
    /// The list of all procedures.
    pub catalogue: &'static Catalogue,
    /// The time.
    pub clock: Arc<TestClock>,
    /// The organization that tests act in.
    pub ours: Side,
    /// The one that must stay out of sight.
    pub theirs: Side,
    /// Where letters arrive.
    pub mail: Arc<Mailbox>,
    /// What can be fetched.
    pub web: Arc<Web>,
    /// The rows themselves.
    pub database: Database,
    fetch: Arc<dyn Fetch>,
    statements: Arc<AtomicUsize>,
    files: TestDatabase,
}

/// One organization with one of everything.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its owner, signed in.
    pub owner: Caller,
    /// The owner, vouched for: whatever the clock says.
    pub vouched: Caller,
    /// The owner's refresh token.
    pub refresh_token: String,
    /// The owner's email; the password is always `correct horse`-like: see [`World::PASSWORD`].
    pub email: String,
    /// The organization.
    pub organization: Organization,
    /// Its published server.
    pub server: McpServer,
    /// Its walkthrough, published and assigned.
    pub walkthrough: Walkthrough,
    /// A walkthrough that nothing depends on, to be written to.
    pub scratch: Walkthrough,
    /// The walkthrough's steps.
    pub steps: Vec<Step>,
    /// A visit with calls.
    pub session: Id<id::McpSession>,
    /// The person who visited.
    pub person: Id<id::McpUser>,
    /// A ticket filed in the visit.
    pub ticket: Id<id::Ticket>,
    /// The owner.
    pub user: Id<id::User>,
    /// What a furnished world has more.
    pub people: Option<People>,
    /// What a furnished world has more, to be deleted.
    pub spares: Option<Spares>,
}

/// The list of all procedures. Made once a run: compiling all the schemas takes a while.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(catalogue);

/// A checked text, for tests.
#[must_use]
pub fn text<const MIN: usize, const MAX: usize>(text: &str) -> guildhall_domain::text::Text<MIN, MAX> {
    text.parse().expect("a text that fits")
}

impl World {
    /// Every account's password.
    pub const PASSWORD: &str = "a long enough phrase";

    /// A world with limits that no test meets.
    pub async fn new() -> Self {
        Self::with_limits(unlimited()).await
    }

    /// A world with those limits.
    pub async fn with_limits(limits: Limits) -> Self {
        Self::with_settings(settings(limits)).await
    }

    /// A world where an address must be verified before its account can sign in; the two owners' are.
    pub async fn verifying() -> Self {
        let world = Self::new().await;
        let settings = Settings { verify_email: true, ..settings(unlimited()) };
        let app = open(&world.database, &world.clock, (&world.mail, &world.fetch), settings).await;
        for side in [&world.ours, &world.theirs] {
            world.verify(side.user).await;
        }
        Self { app, ..world }
    }

    /// A world that calls this machine in earnest, and nobody else: the stand-ins; Linear's is at `linear_url`.
    pub async fn on_the_net(linear_url: &str) -> Self {
        let world = Self::new().await;
        let linear_url = linear_url.parse().expect("a URL");
        let settings = Settings { allow_loopback: true, linear_url, ..settings(unlimited()) };
        let fetch: Arc<dyn Fetch> = Arc::new(Fetcher::new(true).expect("TLS"));
        let app = open(&world.database, &world.clock, (&world.mail, &fetch), settings).await;
        Self { app, fetch, ..world }
    }

    /// A world that keeps calls for that many days; 0 is for ever.
    pub async fn that_keeps_calls_for(days: &str) -> Self {
        Self::with_settings(Settings { keep_calls: days.parse().expect("days"), ..settings(unlimited()) }).await
    }

    async fn with_settings(settings: Settings) -> Self {
        let files = TestDatabase::new().await;
        let statements = Arc::new(AtomicUsize::new(0));
        let counter = statements.clone();
        let observer = Arc::new(move |_: &_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let database = files.open(Some(observer)).await;
        let clock = Arc::new(TestClock::new());
        let (mail, web) = (Arc::new(Mailbox::default()), Arc::new(Web::new()));
        let fetch: Arc<dyn Fetch> = web.clone();
        let app = open(&database, &clock, (&mail, &fetch), settings).await;
        let ours = Side::new(&app, &CATALOGUE, "ours").await;
        let theirs = Side::new(&app, &CATALOGUE, "theirs").await;
        Self { app, catalogue: &CATALOGUE, clock, mail, web, ours, theirs, database, fetch, statements, files }
    }

    /// A world whose two sides have one of everything that an organization's people can do something with.
    pub async fn furnished() -> Self {
        let mut world = Self::new().await;
        for mut side in [world.ours.clone(), world.theirs.clone()] {
            side.people = Some(People::of(&world, &side).await);
            side.spares = Some(Spares::of(&world, &side).await);
            if side.user == world.ours.user { world.ours = side } else { world.theirs = side }
        }
        world
    }

    /// Another node on the same database.
    pub async fn another_node(&self) -> App {
        open(&self.files.open(None).await, &self.clock, (&self.mail, &self.fetch), self.app.settings().clone()).await
    }

    /// Carries out every job that is due; all letters so far.
    pub async fn letters(&self) -> Vec<Letter> {
        while self.app.carry_out_next().await.expect("the jobs are carried out") {}
        self.mail.letters()
    }

    /// The token of the last letter to that address.
    pub async fn token_for(&self, email: &str) -> String {
        let letters = self.letters().await;
        let last = letters.iter().rev().find(|letter| letter.to.as_str() == email).expect("a letter to that address");
        token_in(last)
    }

    /// Writes down that the account's address is its owner's.
    pub async fn verify(&self, user: Id<id::User>) {
        let access = self.database.write().await.expect("a transaction");
        access.person(user).verify_email(self.clock.now()).await.expect("written down");
        access.commit().await.expect("a commit");
    }

    /// Somebody who signed up with that address, which is verified.
    pub async fn person(&self, email: &str) -> (Caller, Id<id::User>) {
        let sign_up = SignUp {
            email: email.parse().expect("an email"),
            password: World::PASSWORD.to_owned().try_into().expect("a password"),
            name: None,
        };
        let signed_up = self.app.call(&Caller::nobody(), sign_up).await.expect("signs up");
        let (user, tokens) = (signed_up.user.expect("a user"), signed_up.session.expect("signed in"));
        self.verify(user.id).await;
        (Caller::bearer(tokens.access_token), user.id)
    }

    pub(crate) fn fresh_id<K>(&self) -> Id<K> {
        let mut bytes = [0; 10];
        SystemRandom.fill(&mut bytes);
        let now = self.clock.now().millis().unsigned_abs();
        Id::from_uuid(uuid::Builder::from_unix_timestamp_millis(now, &bytes).into_uuid())
    }

    /// Calls a procedure by name. A feed is followed and left at once, which answers null.
    pub async fn call(&self, name: &str, caller: &Caller, input: Value) -> Result<Value> {
        let entry = self.catalogue.get(name).expect("a procedure of that name");
        if entry.is_feed() {
            return entry.follow(&self.app, caller, input, None).await.map(|_| Value::Null);
        }
        let files = entry.file.map(|_| Library::example());
        entry.call_with(&self.app, caller, input, files.into_iter().collect()).await?.value()
    }

    /// Calls a procedure that must succeed, as our owner.
    pub async fn ok(&self, name: &str, input: Value) -> Value {
        match self.call(name, &self.ours.owner, input).await {
            Ok(output) => output,
            Err(error) => panic!("{name}: {error:?}"),
        }
    }

    /// How many events there are in all.
    pub async fn events(&self) -> u64 {
        self.app.count_events().await.expect("a count")
    }

    /// How many statements `work` needs.
    pub async fn statements<T>(&self, work: impl Future<Output = T>) -> (T, usize) {
        let before = self.statements.load(Ordering::SeqCst);
        let result = work.await;
        (result, self.statements.load(Ordering::SeqCst) - before)
    }
}

async fn open(
    database: &Database,
    clock: &Arc<TestClock>,
    (mail, fetch): (&Arc<Mailbox>, &Arc<dyn Fetch>),
    settings: Settings,
) -> App {
    let random = Arc::new(SystemRandom);
    let ports = Ports { clock: clock.clone(), random, mail: mail.clone(), fetch: fetch.clone() };
    App::open(database.clone(), settings, ports).await.expect("Guildhall opens")
}

fn settings(limits: Limits) -> Settings {
    Settings {
        public_url: "http://localhost:3000".to_owned(),
        base_domain: "localhost".to_owned(),
        secret: [7; 32],
        verify_email: false,
        allow_loopback: false,
        linear_url: Settings::LINEAR_URL.parse().expect("a URL"),
        keep_calls: KeptDays::default(),
        limits,
    }
}

/// Limits that no test meets.
#[must_use]
pub fn unlimited() -> Limits {
    let often = Rate { uses: 1_000_000, window: std::time::Duration::from_secs(60) };
    Limits {
        sign_in_account: often,
        sign_in_address: often,
        sign_up_account: often,
        sign_up_address: often,
        refresh_address: often,
        reset_account: often,
        reset_address: often,
        link_address: often,
        password_account: often,
        invite_account: often,
        invite_address: often,
        invite_recipient: often,
        invite_organization: often,
        organization_account: often,
        metadata_account: often,
        client_address: often,
        client_server: often,
        client_document_address: often,
        code_recipient: often,
        code_address: often,
        code_server: often,
        ticket_recipient: often,
        ticket_reply: often,
        mcp_server: EachFiveMinutes(1_000_000),
        mcp_user: EachFiveMinutes(1_000_000),
        mcp_visitor_address: often,
    }
}

impl Side {
    async fn new(app: &App, catalogue: &Catalogue, name: &str) -> Self {
        let email = format!("{name}@example.test");
        let sign_up = SignUp {
            email: email.parse().expect("an email"),
            password: World::PASSWORD.to_owned().try_into().expect("a password"),
            name: Some(text(name)),
        };
        let signed_up = app.call(&Caller::nobody(), sign_up).await.expect("signs up");
        let (user, tokens) = (signed_up.user.expect("a user"), signed_up.session.expect("signed in"));
        let owner = Caller::bearer(tokens.access_token);
        let found = CreateOrganization {
            name: text(name),
            slug: format!("{name}-org").parse().expect("a slug"),
            description: None,
            logo_url: None,
            website: None,
        };
        let organization = app.call(&owner, found).await.expect("an organization");
        let call = async |procedure: &str, input: Value| {
            let entry = catalogue.get(procedure).expect("a procedure");
            entry.call(app, &owner, input).await.unwrap_or_else(|e| panic!("{procedure}: {e:?}"))
        };
        let server = call("mcpServers.create", json!({ "name": name, "slug": format!("{name}-server") })).await;
        let server: McpServer = serde_json::from_value(server).expect("a server");
        let new = json!({ "title": format!("{name} walkthrough"), "type": "course", "isPublished": true });
        let walkthrough: Walkthrough =
            serde_json::from_value(call("walkthrough.create", new).await).expect("a walkthrough");
        let scratch = json!({ "title": format!("{name} scratch"), "type": "course" });
        let scratch = serde_json::from_value(call("walkthrough.create", scratch).await).expect("a walkthrough");
        let mut steps = Vec::new();
        for title in ["first", "second", "third"] {
            let new = json!({ "walkthroughId": walkthrough.id, "title": title });
            steps.push(serde_json::from_value(call("walkthrough.createStep", new).await).expect("a step"));
        }
        let places = json!({ "serverId": server.id, "walkthroughs": [{ "walkthroughId": walkthrough.id }] });
        call("walkthrough.assignToServer", places).await;

        let visiting = Visiting::tracked(app, server.slug.as_str(), "reader").await;
        visiting.tool("start_walkthrough", json!({})).await;
        let asked = json!({ "title": "Help", "problemDescription": "It does not work", "email": "asker@example.test" });
        let filed = visiting.tool("get_support", asked).await;
        let ticket = filed.structured["ticketId"].as_str().expect("a ticket").parse().expect("an id");
        let sessions = call("sessions.list", json!({})).await;
        let id = |key: &str| sessions["items"][0][key].as_str().expect("an id").to_owned();
        Self {
            vouched: Caller::vouched(user.id).in_organization(organization.id.to_string()),
            refresh_token: tokens.refresh_token,
            email,
            session: id("id").parse().expect("an id"),
            person: id("mcpUserId").parse().expect("an id"),
            user: user.id,
            owner,
            organization,
            server,
            walkthrough,
            scratch,
            steps,
            ticket,
            people: None,
            spares: None,
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}
