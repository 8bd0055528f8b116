//! An answer fits the schema that the documents show, and every document has every procedure.

use guildhall_catalogue::{catalogue, openapi, typescript};

use super::examples::{required, worlds};

#[tokio::test]
async fn every_answer_fits_its_schema() {
    for (world, names) in worlds().await {
        for name in names {
            let entry = world.catalogue.get(name).unwrap();
            if entry.is_feed() {
                continue; // its items are looked at where it is followed
            }
            let caller = world.ours.owner.clone().in_organization(world.ours.organization.id.to_string());
            let output = world.call(name, &caller, required(name, &world.ours, 1)).await.unwrap();
            let validator = jsonschema::draft202012::new(&entry.output).unwrap();
            let problems: Vec<String> =
                validator.iter_errors(&output).map(|e| format!("{} {e}", e.instance_path())).collect();
            assert!(problems.is_empty(), "{name}: {problems:?}\n{output:#}");
            for path in entry.dates.paths(&output) {
                assert!(!path.is_empty());
            }
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
