//! Searching text: what somebody types is text to find, never a pattern.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr};

/// Whether `column` has `words` in it, in any case; `%` and `_` stand for themselves.
pub(crate) fn like<C: ColumnTrait>(column: C, words: &str) -> SimpleExpr {
    let any_case = Expr::expr(Func::lower(expr(column))).like(pattern(&words.to_lowercase()));
    // SQLite lowers ASCII only: what is written the same is found all the same.
    expr(column).like(pattern(words)).or(any_case)
}

fn expr<C: ColumnTrait>(column: C) -> Expr {
    Expr::col((C::EntityName::default(), column))
}

fn pattern(words: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for c in words.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}
