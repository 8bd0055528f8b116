//! SQLite's arm of the search: an FTS5 table that has the terms and not the texts.

use sea_orm::{QueryFilter, Select, sea_query::Expr};

use super::search::CANDIDATES;
use crate::entities::knowledge_chunk;

/// The best of these chunks that have one of `terms`, each of which is letters and digits.
pub(super) fn having(chunks: Select<knowledge_chunk::Entity>, terms: &[String]) -> Select<knowledge_chunk::Entity> {
    let any = terms.iter().map(|term| format!("\"{term}\"")).collect::<Vec<_>>().join(" OR ");
    // The numbers are the weights of title, heading and text. The chunks found are then looked up by their number.
    let found = format!(
        "knowledge_chunks.number in (select rowid from knowledge_index where knowledge_index match ? \
         order by bm25(knowledge_index, 6.0, 3.0, 1.0) limit {CANDIDATES})"
    );
    chunks.filter(Expr::cust_with_values(found, [any]))
}
