//! An answer fits the schema that the documents show, and every document has every procedure.

use guildhall_catalogue::{catalogue, openapi, typescript};
use guildhall_tests::World;

use super::examples::required;

#[tokio::test]
async fn every_answer_fits_its_schema() {
    let world = World::new().await;
    let organization = world.ours.organization.id.to_string();
    let last = |name: &str| name == "auth.signOut"; // it ends what the others need
    let (first, rest): (Vec<_>, Vec<_>) = world.catalogue.iter().partition(|entry| !last(entry.name));
    for entry in first.into_iter().chain(rest) {
        let caller = world.ours.owner.clone().in_organization(organization.clone());
        let output = world.call(entry.name, &caller, required(entry.name, &world.ours, 1)).await.unwrap();
        let validator = jsonschema::draft202012::new(&entry.output).unwrap();
        let problems: Vec<String> =
            validator.iter_errors(&output).map(|e| format!("{} {e}", e.instance_path())).collect();
        assert!(problems.is_empty(), "{}: {problems:?}\n{output:#}", entry.name);
        for path in entry.dates.paths(&output) {
            assert!(!path.is_empty());
        }
    }
}

#[test]
fn every_document_has_every_procedure() {
    let catalogue = catalogue();
    let openapi = openapi::document(&catalogue, "https://guildhall.example");
    let typescript = typescript::contract(&catalogue);
    assert_eq!(openapi["openapi"], "3.1.0");
    for entry in catalogue.iter() {
        let operation = &openapi["paths"][format!("/api/{}", entry.name.replace('.', "/"))]["post"];
        assert_eq!(operation["operationId"], entry.name);
        let (namespace, verb) = entry.name.split_once('.').unwrap();
        assert!(
            typescript.contains(&format!("{namespace}: {{")) && typescript.contains(&format!("{verb}: ")),
            "{}",
            entry.name
        );
    }
}
