//! PostgreSQL's arm of the search: a `tsvector` beside each chunk's text.

use sea_orm::{Order, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr};

use super::search::CANDIDATES;
use crate::entities::knowledge_chunk;

/// The best of these chunks that have one of `terms`, each of which is letters and digits.
pub(super) fn having(chunks: Select<knowledge_chunk::Entity>, terms: &[String]) -> Select<knowledge_chunk::Entity> {
    let any = terms.iter().map(|term| format!("'{term}'")).collect::<Vec<_>>().join(" | ");
    let has = Expr::cust_with_values("knowledge_chunks.terms @@ to_tsquery('simple', $1)", [any.clone()]);
    // The weights of D (text), C (nothing), B (headings) and A (title); 1: long chunks count for less.
    let rank = "ts_rank('{0.15, 0.15, 0.5, 1.0}', knowledge_chunks.terms, to_tsquery('simple', $1), 1)";
    chunks.filter(has).order_by(Expr::cust_with_values(rank, [any]), Order::Desc).limit(CANDIDATES)
}
