//! Where walkthroughs are offered: one at a time, and in which order.

use guildhall_domain::{Error, Resource, Result};
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};

use super::{SLUG, document, import, paths};

/// A server that offers three walkthroughs, at 0, 1 and 2.
struct Shop {
    world: World,
    offered: [Value; 3],
}

impl Shop {
    async fn new() -> Self {
        let world = World::new().await;
        let mut offered = Vec::new();
        for title in ["A", "B", "C"] {
            let mut document = document();
            document["walkthrough"]["title"] = json!(title);
            offered.push(import(&world, document).await.unwrap()["id"].clone());
        }
        let places: Vec<Value> = offered.iter().map(|id| json!({ "walkthroughId": id })).collect();
        world
            .ok("walkthrough.assignToServer", json!({ "serverId": world.ours.server.id, "walkthroughs": places }))
            .await;
        Self { world, offered: offered.try_into().unwrap() }
    }

    async fn call(&self, name: &str, mut input: Value) -> Result<Value> {
        input["serverId"] = json!(self.world.ours.server.id);
        self.world.call(name, &self.world.ours.owner, input).await
    }

    /// Titles, places and switches, in order.
    async fn shelf(&self) -> Vec<String> {
        let list = self.call("walkthrough.listForServer", json!({})).await.unwrap();
        let line = |one: &Value| {
            format!("{} {} {}", one["walkthrough"]["title"].as_str().unwrap(), one["displayOrder"], one["isEnabled"])
        };
        list.as_array().unwrap().iter().map(line).collect()
    }

    /// What an end user's agent can choose from.
    async fn choice(&self) -> Vec<String> {
        let visiting = Visiting::tracked(&self.world.app, SLUG, "ann").await;
        let answer = visiting.tool("start_walkthrough", json!({ "name": "no such" })).await.structured;
        let titles = answer["available"].as_array().into_iter().flatten();
        titles.map(|one| one["title"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn one_is_moved_to_a_free_place_and_switched_off_for_end_users() {
    let shop = Shop::new().await;
    let [a, b, _] = &shop.offered;
    let events = shop.world.events().await;
    let moved =
        shop.call("walkthrough.updateAssignment", json!({ "walkthroughId": a, "displayOrder": 7 })).await.unwrap();
    assert_eq!((&moved["displayOrder"], &moved["isEnabled"]), (&json!(7), &json!(true)));
    assert_eq!(shop.choice().await, ["B", "C", "A"]);
    let off = json!({ "walkthroughId": b, "isEnabled": false });
    shop.call("walkthrough.updateAssignment", off.clone()).await.unwrap();
    assert_eq!(shop.world.events().await, events + 2);
    assert_eq!(shop.shelf().await, ["B 1 false", "C 2 true", "A 7 true"]);
    assert_eq!(shop.choice().await, ["C", "A"]);

    shop.call("walkthrough.updateAssignment", off).await.unwrap();
    let taken = shop.call("walkthrough.updateAssignment", json!({ "walkthroughId": a, "displayOrder": 2 })).await;
    let Err(Error::AlreadyExists { resource: Resource::Assignment, field: "displayOrder" }) = taken else {
        panic!("{taken:?}")
    };
    let elsewhere = json!({ "walkthroughId": shop.world.ours.walkthrough.id, "isEnabled": false });
    let missing = shop.call("walkthrough.updateAssignment", elsewhere).await;
    assert!(matches!(missing, Err(Error::NotFound(Resource::Assignment))));
    assert_eq!(shop.world.events().await, events + 2, "nothing else happened");
}

#[tokio::test]
async fn somebody_who_is_in_one_that_is_switched_off_goes_on_when_it_is_switched_on() {
    let shop = Shop::new().await;
    let visiting = Visiting::tracked(&shop.world.app, SLUG, "ann").await;
    let begun = visiting.tool("start_walkthrough", json!({ "name": "B" })).await.structured;
    visiting.tool("get_next_step", json!({ "currentStepId": begun["step"]["id"] })).await;
    let switch = async |on: bool| {
        let input = json!({ "walkthroughId": shop.offered[1], "isEnabled": on });
        shop.call("walkthrough.updateAssignment", input).await.unwrap();
        visiting.tool("get_next_step", json!({})).await.structured
    };
    assert_eq!(switch(false).await["status"], "not_started");
    assert_eq!(switch(true).await["progress"]["completedSteps"], 1);
}

#[tokio::test]
async fn one_is_taken_away_and_the_others_stay_where_they_are() {
    let shop = Shop::new().await;
    let b = json!({ "walkthroughId": shop.offered[1] });
    shop.call("walkthrough.removeAssignment", b.clone()).await.unwrap();
    assert_eq!(shop.shelf().await, ["A 0 true", "C 2 true"]);
    assert_eq!(shop.choice().await, ["A", "C"]);
    let again = shop.call("walkthrough.removeAssignment", b).await;
    assert!(matches!(again, Err(Error::NotFound(Resource::Assignment))));
}

#[tokio::test]
async fn an_order_names_exactly_what_the_server_offers_each_once() {
    let shop = Shop::new().await;
    let [a, b, c] = &shop.offered;
    let off = json!({ "walkthroughId": a, "displayOrder": 9, "isEnabled": false });
    shop.call("walkthrough.updateAssignment", off).await.unwrap();
    let order =
        async |ids: Vec<&Value>| shop.call("walkthrough.reorderForServer", json!({ "walkthroughIds": ids })).await;
    let (other, foreign) = (json!(shop.world.ours.walkthrough.id), json!(shop.world.theirs.walkthrough.id));
    for bad in
        [vec![a, b], vec![a, b, b], vec![a, b, c, c], vec![a, b, c, &other], vec![a, b, &foreign], vec![&other], vec![]]
    {
        let Err(Error::BadRequest(issues)) = order(bad).await else { panic!("reordered") };
        assert_eq!(paths(&issues), ["walkthroughIds"]);
    }
    assert_eq!(shop.shelf().await, ["B 1 true", "C 2 true", "A 9 false"]);

    let answer = order(vec![c, a, b]).await.unwrap();
    assert_eq!(answer[1]["walkthrough"]["id"], *a);
    assert_eq!(shop.shelf().await, ["C 0 true", "A 1 false", "B 2 true"]);
    assert_eq!(shop.choice().await, ["C", "B"]);
    let events = shop.world.events().await;
    order(vec![c, a, b]).await.unwrap();
    assert_eq!(shop.world.events().await, events, "the same order is no change");
}

#[tokio::test]
async fn a_name_is_understood_as_it_is_and_as_it_was_listed() {
    let shop = Shop::new().await;
    let title = json!({ "walkthroughId": shop.offered[0], "title": "Bread <& \"butter\">" });
    shop.world.ok("walkthrough.update", title).await;
    let visiting = Visiting::tracked(&shop.world.app, SLUG, "ann").await;
    let list = visiting.tool("start_walkthrough", json!({})).await;
    assert!(list.text.contains("- \"Bread & 'butter'\", 0 % done: \"d\"\n- \"B\", 0 % done"), "{}", list.text);
    for name in ["Bread <& \"butter\">", "bread & 'butter'", "\"Bread & 'butter'\"", " BREAD <& \"BUTTER\"> "] {
        let found = visiting.tool("start_walkthrough", json!({ "name": name })).await.structured;
        assert_eq!(found["walkthrough"]["id"], shop.offered[0], "{name}");
    }
}
