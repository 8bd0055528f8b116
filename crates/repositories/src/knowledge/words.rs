//! Which words there are in a namespace, and in how many chunks.

use std::collections::BTreeMap;

use guildhall_domain::{Id, id};
use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{Result, Tenant, entities::knowledge_word};

/// As many words as one statement takes: each has six values, and SQLite takes 32,766 of them.
const AT_ONCE: usize = 2000;

/// Counts words that come (above zero) or go (below zero), each with its stem. The namespace must have been read to be
/// changed; then nobody else counts its words.
pub(super) async fn count(
    tenant: Tenant<'_>,
    namespace: Id<id::Namespace>,
    words: &BTreeMap<&str, (&str, i64)>,
) -> Result<()> {
    use knowledge_word::Column;
    let row = |(word, (stem, chunks)): (&&str, &(&str, i64))| knowledge_word::Model {
        organization_id: tenant.organization.uuid(),
        namespace_id: namespace.uuid(),
        word: (*word).to_owned(),
        backwards: word.chars().rev().collect(),
        stem: (*stem).to_owned(),
        chunks: *chunks,
    };
    let rows: Vec<knowledge_word::Model> = words.iter().filter(|(_, (_, by))| *by != 0).map(row).collect();
    for some in rows.chunks(AT_ONCE) {
        let more = Expr::col((knowledge_word::Entity, Column::Chunks)).add(Expr::col(("excluded", Column::Chunks)));
        let again = OnConflict::columns([Column::OrganizationId, Column::NamespaceId, Column::Word])
            .value(Column::Chunks, more)
            .to_owned();
        let insert = tenant.inserting::<knowledge_word::Entity>(some.to_vec()).on_conflict(again);
        insert.exec_without_returning(&tenant.executor()).await?;
        let fewer: Vec<&str> = some.iter().filter(|row| row.chunks < 0).map(|row| row.word.as_str()).collect();
        if !fewer.is_empty() {
            let gone = Column::NamespaceId.eq(namespace.uuid()).and(Column::Word.is_in(fewer));
            tenant.delete::<knowledge_word::Entity>(gone.and(Column::Chunks.lte(0))).await?;
        }
    }
    Ok(())
}

/// The first text, letters ordered by their bytes, that comes after all that begin so; none where nothing does.
pub(super) fn end_of(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // The numbers between are not letters.
        let next =
            if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last).saturating_add(1)) };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn what_begins_so_comes_before_the_end() {
        assert_eq!(end_of("web").as_deref(), Some("wec"));
        assert_eq!(end_of("z\u{10ffff}").as_deref(), Some("{"));
        assert_eq!(end_of("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(end_of(""), None);
    }
}
