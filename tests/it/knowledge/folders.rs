//! A folder from the command line.

use std::fs;

use clap::Parser;
use guildhall::{Guildhall, Task, carry_out};
use guildhall_repositories::Location;
use guildhall_tests::TestDatabase;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    task: Task,
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: guildhall::Settings,
}

#[tokio::test]
async fn a_namespace_becomes_exactly_what_a_folder_is() {
    let database = TestDatabase::new().await;
    let data = database.folder().to_str().unwrap().to_owned();
    let mut flags = vec!["--data".to_owned(), data];
    if let Location::Postgres(url) = &database.location {
        flags.extend(["--database-url".to_owned(), url.clone()]);
    }
    let settings = Flags::parse_from(["test".to_owned()].iter().chain(&flags)).settings;
    Guildhall::open(&settings).await.unwrap().demo().await.unwrap().unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let ingest = async || {
        let line = ["test", "ingest", folder.path().to_str().unwrap(), "--namespace", "Handbook"].map(str::to_owned);
        carry_out(Line::parse_from(line.iter().chain(&flags)).task).await
    };

    assert!(ingest().await.unwrap_err().to_string().contains("no documents"));
    write("a.md", "# A\n\nOne.\n\n## B\n\nTwo.");
    write("deep/er/c.mdx", "# C\n\nThree.");
    write(".hidden/d.md", "# D");
    write("picture.png", "no text");
    let said = ingest().await.unwrap();
    assert!(said.starts_with("2 documents in 3 chunks, 0 skipped, 0 removed, 0 failed, "), "{said}");
    fs::rename(folder.path().join("a.md"), folder.path().join("renamed.md")).unwrap();
    let said = ingest().await.unwrap();
    assert!(said.starts_with("1 documents in 2 chunks, 1 skipped, 1 removed, 0 failed, "), "{said}");
}
