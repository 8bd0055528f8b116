//! The page on which an author looks at a step.

use reqwest::{Client, Method, Response, StatusCode, header, redirect::Policy};
use serde_json::json;

use crate::node::Node;

struct Desk {
    node: Node,
    token: String,
    cookie: String,
    walkthrough: String,
    steps: Vec<String>,
}

impl Desk {
    async fn new() -> Self {
        let node = Node::start().await;
        let (token, cookie) = (node.sign_in().await, node.browser().await);
        let (_, list) = node.post("/api/walkthrough/list", Some(&token), json!({})).await;
        let walkthrough = list["items"][0]["id"].as_str().unwrap().to_owned();
        let (_, found) = node.post("/api/walkthrough/get", Some(&token), json!({ "walkthroughId": walkthrough })).await;
        let steps = found["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap().to_owned());
        let steps = steps.collect();
        Self { node, token, cookie, walkthrough, steps }
    }

    fn address(&self, place: usize) -> String {
        format!("/walkthroughs/{}/steps/{}", self.walkthrough, self.steps[place])
    }

    async fn open(&self, path: &str) -> (StatusCode, String) {
        let response = self.node.request(Method::GET, path).header("cookie", &self.cookie).send().await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        (response.status(), response.text().await.unwrap())
    }

    /// Sends the form, and does not follow where the answer leads.
    async fn send(&self, path: &str, form: &str, origin: &str) -> Response {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let request = client.post(format!("http://{}{path}", self.node.address)).body(form.to_owned());
        let request =
            request.header("origin", origin).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.send().await.unwrap()
    }
}

#[tokio::test]
async fn an_author_sees_a_step_and_the_way_to_its_neighbours() {
    let desk = Desk::new().await;
    let (status, first) = desk.open(&desk.address(0)).await;
    assert_eq!(status, 200);
    assert!(first.contains(&format!("<h1>Step 1 of {}: ", desk.steps.len())), "{first}");
    assert!(first.contains("<section id=\"content_for_user\">"));
    let link = |place: usize| desk.address(place).replace('/', "&#x2f;");
    assert!(first.contains(&format!("<a rel=\"next\" href=\"{}\">", link(1))) && !first.contains("rel=\"prev\""));
    let (_, second) = desk.open(&desk.address(1)).await;
    assert!(second.contains(&format!("<a rel=\"prev\" href=\"{}\">", link(0))));
    assert!(!first.contains("<script") && !first.contains("<img") && !first.contains("Pictures"));
}

#[tokio::test]
async fn a_step_is_shown_however_long_its_texts_are_and_pictures_are_not_loaded() {
    let desk = Desk::new().await;
    let long = "![oven](https://elsewhere.example/oven.png) word\n\n".repeat(1000);
    let fields = json!({ "version": "v1", "introductionForAgent": long, "contextForAgent": long,
        "contentForUser": long, "operationsForAgent": long });
    let input = json!({ "stepId": desk.steps[0], "contentFields": fields });
    let (status, _) = desk.node.post("/api/walkthrough/updateStep", Some(&desk.token), input).await;
    assert_eq!(status, 200);
    let (status, page) = desk.open(&desk.address(0)).await;
    assert_eq!((status, page.matches("<img ").count()), (StatusCode::OK, 4000));
    assert!(page.contains("Pictures are not loaded here"));
}

#[tokio::test]
async fn what_is_not_ones_own_is_not_there() {
    let desk = Desk::new().await;
    let stranger = json!({ "email": "stranger@example.test", "password": "a long enough phrase", "name": "S" });
    let (_, other) = desk.node.post("/api/auth/signUp", None, stranger).await;
    let token = other["session"]["accessToken"].as_str().unwrap();
    let new = json!({ "title": "Theirs", "type": "course" });
    let (_, theirs) = desk.node.post("/api/walkthrough/create", Some(token), new).await;
    let theirs = theirs["id"].as_str().unwrap();
    let step = json!({ "walkthroughId": theirs, "title": "s" });
    let (_, step) = desk.node.post("/api/walkthrough/createStep", Some(token), step).await;
    let step = step["id"].as_str().unwrap();
    let never = "01jd0000000000000000000000";

    let mut pages = Vec::new();
    for path in [
        format!("/walkthroughs/{theirs}/steps/{step}"),
        format!("/walkthroughs/{}/steps/{step}", desk.walkthrough),
        format!("/walkthroughs/{theirs}/steps/{}", desk.steps[0]),
        format!("/walkthroughs/wkt_{never}/steps/wst_{never}"),
        "/walkthroughs/x/steps/%0d%0ay".to_owned(),
    ] {
        let (status, page) = desk.open(&path).await;
        assert_eq!(status, 404, "{path}");
        pages.push(page);
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]) && pages[0].contains("There is no such step"));
}

#[tokio::test]
async fn who_is_not_signed_in_does_so_on_the_page() {
    let desk = Desk::new().await;
    let (path, ours) = (desk.address(0), format!("http://{}", desk.node.address));
    let nobody = desk.node.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    let page = nobody.text().await.unwrap();
    assert!(page.contains("Sign in to see this step") && !page.contains("<article>"));

    let form = |email: &str, password: &str| {
        let pairs = url::form_urlencoded::Serializer::new(String::new());
        { pairs }.append_pair("email", email).append_pair("password", password).finish()
    };
    let right = form(&desk.node.email, &desk.node.password);
    let foreign = desk.send(&path, &right, "https://evil.example").await;
    assert_eq!((foreign.status(), foreign.headers().get(header::SET_COOKIE)), (StatusCode::FORBIDDEN, None));
    let wrong = desk.send(&path, &form(&desk.node.email, "wrong"), &ours).await;
    assert_eq!((wrong.status(), wrong.headers().get(header::SET_COOKIE)), (StatusCode::UNAUTHORIZED, None));
    let odd = desk.send("/walkthroughs/x/steps/%0d%0ay", &right, &ours).await;
    assert_eq!(odd.status(), 404);
    let extra = desk.send(&path, &format!("{right}&next=https://evil.example"), &ours).await;
    assert_eq!(extra.status(), 400);

    let signed_in = desk.send(&path, &right, &ours).await;
    assert_eq!(signed_in.status(), StatusCode::SEE_OTHER);
    assert_eq!(signed_in.headers()[header::LOCATION], path);
    let cookie = signed_in.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
    let (status, page) = Desk { cookie: cookie.to_owned(), ..desk }.open(&path).await;
    assert!(status == 200 && page.contains("<article>"), "{status} {page}");
}
