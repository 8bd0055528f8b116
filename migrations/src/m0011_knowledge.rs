//! Documents for end users' agents, how they come in, and how they are found.
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &[
    "knowledge_namespaces",
    "knowledge_assignments",
    "knowledge_documents",
    "knowledge_chunks",
    "knowledge_words",
    "knowledge_ingestions",
    "knowledge_items",
    "knowledge_pieces",
    "knowledge_failures",
    "knowledge_gaps",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing, also on SQLite: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        // What begins so is a range where letters are ordered by their bytes.
        let bytewise = if sqlite { "" } else { "collate \"C\"" };
        run(manager, &LIBRARY.replace("{bytewise}", bytewise)).await?;
        run(manager, if sqlite { SQLITE_INDEX } else { POSTGRES_INDEX }).await?;
        run(manager, &WORDS.replace("{bytewise}", bytewise)).await?;
        run(manager, INGESTION).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            run(manager, "drop table knowledge_index").await?;
        }
        drop_tables(manager, TABLES).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            run(manager, "drop function index_chunk()").await?;
        }
        Ok(())
    }
}

const LIBRARY: &str = "
-- deleted_at: nobody sees it any more, and its documents are being erased a few at a time.
create table knowledge_namespaces (
  id {uuid} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  name text not null, description text, document_count bigint not null, chunk_count bigint not null,
  word_count bigint not null, created_at bigint not null, deleted_at bigint, unique (organization_id, id));
create unique index knowledge_namespaces_by_name on knowledge_namespaces (organization_id, name)
  where deleted_at is null;

create table knowledge_assignments (
  organization_id {uuid} not null, server_id {uuid} not null, namespace_id {uuid} not null,
  primary key (organization_id, server_id, namespace_id),
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade,
  foreign key (organization_id, namespace_id) references knowledge_namespaces (organization_id, id) on delete cascade);
create index knowledge_assignments_by_namespace on knowledge_assignments (organization_id, namespace_id);

-- fingerprint: the hash of all that a reading depends on; the same again need not be read.
create table knowledge_documents (
  id {uuid} primary key, organization_id {uuid} not null, namespace_id {uuid} not null,
  path text {bytewise} not null, title text not null, tags text not null, content_type text not null, fingerprint {bytes} not null,
  text text not null, chunk_count bigint not null, word_count bigint not null, created_at bigint not null,
  updated_at bigint not null,
  unique (organization_id, namespace_id, path), unique (organization_id, id),
  foreign key (organization_id, namespace_id) references knowledge_namespaces (organization_id, id) on delete cascade);
create index knowledge_documents_by_time on knowledge_documents (organization_id, namespace_id, created_at, id);
";

// What is to be found of a chunk is handed over in three columns of terms, which the triggers move into the index. There is
// no index of chunks that begins with their organization: SQLite would take it for the way to the few that were found.
const SQLITE_INDEX: &str = "
create table knowledge_chunks (
  number integer primary key, organization_id blob not null, namespace_id blob not null, document_id blob not null,
  place integer not null, heading text not null, text text not null,
  title_terms text not null, heading_terms text not null, text_terms text not null,
  unique (document_id, organization_id, place),
  foreign key (organization_id, document_id) references knowledge_documents (organization_id, id) on delete cascade);

create virtual table knowledge_index using fts5 (
  title, heading, text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');

create trigger index_chunk after insert on knowledge_chunks begin
  insert into knowledge_index (rowid, title, heading, text)
    values (new.number, new.title_terms, new.heading_terms, new.text_terms);
  update knowledge_chunks set title_terms = '', heading_terms = '', text_terms = '' where number = new.number;
end;
create trigger forget_chunk after delete on knowledge_chunks begin
  delete from knowledge_index where rowid = old.number;
end;
";

const POSTGRES_INDEX: &str = "
create table knowledge_chunks (
  organization_id uuid not null, namespace_id uuid not null, document_id uuid not null,
  place integer not null, heading text not null, text text not null,
  title_terms text not null, heading_terms text not null, text_terms text not null, terms tsvector not null,
  primary key (document_id, organization_id, place),
  foreign key (organization_id, document_id) references knowledge_documents (organization_id, id) on delete cascade);
create index knowledge_chunks_by_terms on knowledge_chunks using gin (terms);

create function index_chunk() returns trigger language plpgsql as $$ begin
  new.terms := setweight(to_tsvector('simple', new.title_terms), 'A')
    || setweight(to_tsvector('simple', new.heading_terms), 'B')
    || setweight(to_tsvector('simple', new.text_terms), 'D');
  new.title_terms := ''; new.heading_terms := ''; new.text_terms := '';
  return new;
end $$;
create trigger index_chunk before insert on knowledge_chunks for each row execute function index_chunk();
";

// Which words there are, and in how many chunks: for what is rare, what begins so, and what may have been meant.
// backwards: the same word from its end, so that words can be found by how they end.
const WORDS: &str = "
create table knowledge_words (
  organization_id {uuid} not null, namespace_id {uuid} not null, word text {bytewise} not null,
  backwards text {bytewise} not null, stem text {bytewise} not null, chunks bigint not null,
  primary key (organization_id, namespace_id, word),
  foreign key (organization_id, namespace_id) references knowledge_namespaces (organization_id, id) on delete cascade);
create index knowledge_words_by_end on knowledge_words (organization_id, namespace_id, backwards);
create index knowledge_words_by_stem on knowledge_words (organization_id, namespace_id, stem);
";

const INGESTION: &str = "
-- Has the id of the job that reads it. place: how many of the documents are done with, one way or another.
create table knowledge_ingestions (
  id {uuid} primary key, organization_id {uuid} not null, namespace_id {uuid} not null, status text not null,
  prune_below text, place bigint not null, total bigint not null, processed bigint not null, skipped bigint not null,
  removed bigint not null, failed bigint not null, chunk_count bigint not null, created_at bigint not null,
  finished_at bigint, unique (organization_id, id),
  foreign key (organization_id, namespace_id) references knowledge_namespaces (organization_id, id) on delete cascade);
create index knowledge_ingestions_by_time on knowledge_ingestions (organization_id, created_at, id);
create index knowledge_ingestions_by_end on knowledge_ingestions (finished_at);
create index knowledge_ingestions_open on knowledge_ingestions (organization_id) where finished_at is null;

-- Documents that were handed in one by one, until they are read.
create table knowledge_items (
  organization_id {uuid} not null, ingestion_id {uuid} not null, place bigint not null, path text not null,
  document text not null, primary key (organization_id, ingestion_id, place),
  foreign key (organization_id, ingestion_id) references knowledge_ingestions (organization_id, id) on delete cascade);

-- An archive that was handed in, cut in pieces, until all of it is read.
create table knowledge_pieces (
  organization_id {uuid} not null, ingestion_id {uuid} not null, place bigint not null, bytes {bytes} not null,
  primary key (organization_id, ingestion_id, place),
  foreign key (organization_id, ingestion_id) references knowledge_ingestions (organization_id, id) on delete cascade);

create table knowledge_failures (
  organization_id {uuid} not null, ingestion_id {uuid} not null, place bigint not null, path text not null,
  message text not null, primary key (organization_id, ingestion_id, place),
  foreign key (organization_id, ingestion_id) references knowledge_ingestions (organization_id, id) on delete cascade);

-- sought: the words that were looked for, in order; how they were written differs.
create table knowledge_gaps (
  id {uuid} primary key, organization_id {uuid} not null, server_id {uuid} not null, sought text not null,
  query text not null, what text, searches bigint not null, reports bigint not null, first_seen_at bigint not null,
  last_seen_at bigint not null, unique (organization_id, server_id, sought),
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade);
create index knowledge_gaps_by_age on knowledge_gaps (last_seen_at);
create index knowledge_gaps_by_time on knowledge_gaps (organization_id, last_seen_at, id);
";
