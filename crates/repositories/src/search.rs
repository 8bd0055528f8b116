//! Searching text: what somebody types is text to find, never a pattern.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr};

/// Whether `column` has `words` in it, in any case; `%` and `_` stand for themselves.
pub(crate) fn like<C: ColumnTrait>(column: C, words: &str) -> SimpleExpr {
    let mut pattern = String::from("%");
    for c in words.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    let column = Expr::col((C::EntityName::default(), column));
    Expr::expr(Func::lower(column)).like(LikeExpr::new(pattern).escape('\\'))
}
