//! The write-ahead log stays short while somebody always reads.

use std::{path::Path, time::Duration};

use guildhall_repositories::Location;
use guildhall_tests::TestDatabase;
use sqlx::{Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinSet;

const MOST: u64 = 1 << 20;
const READ: &str = "select count(*) from filler";

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap()
}

/// Reads for 50 ms at a time, again and again; several together leave no moment without a reader.
async fn read_on(mut connection: SqliteConnection, late: u64) {
    tokio::time::sleep(Duration::from_millis(late)).await;
    loop {
        let mut reading = connection.begin().await.unwrap();
        reading.execute(READ).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        reading.rollback().await.unwrap();
    }
}

async fn write(connection: &mut SqliteConnection) {
    for _ in 0..40 {
        connection.execute("insert into filler values (zeroblob(100000))").await.unwrap();
    }
}

#[tokio::test]
async fn the_log_is_emptied_beside_readers_who_leave_no_pause() {
    let place = TestDatabase::new().await;
    let database = place.open(None).await;
    let Location::Sqlite(path) = &place.location else {
        assert!(database.shorten_log(0).await.unwrap(), "PostgreSQL looks after its own");
        return;
    };
    let log = path.with_extension("sqlite-wal");
    let length = || std::fs::metadata(&log).unwrap().len();
    let mut writer = connect(path).await;
    writer.execute("create table filler (bytes blob)").await.unwrap();
    let mut readers = JoinSet::new();
    for late in [0, 20, 40] {
        readers.spawn(read_on(connect(path).await, late));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    write(&mut writer).await;
    let grown = length();
    assert!(grown > 2 * MOST, "{grown}");
    assert!(database.shorten_log(u64::MAX).await.unwrap() && length() == grown, "short enough as it is");

    assert!(database.shorten_log(MOST).await.unwrap());

    assert!(length() <= MOST, "{}", length());
    assert!(readers.try_join_next().is_none(), "nobody who reads was disturbed");

    let mut slow = connect(path).await;
    write(&mut writer).await;
    let mut reading = slow.begin().await.unwrap();
    reading.execute(READ).await.unwrap();
    write(&mut writer).await;
    assert!(!database.shorten_log(MOST).await.unwrap(), "not over the head of somebody who reads for long");
    write(&mut writer).await;
    reading.rollback().await.unwrap();
    assert!(database.shorten_log(MOST).await.unwrap());
}
