//! Questions of many callers, answered by one statement. They come in as JSON and are a table there, `asked`, with a row
//! for each; so the text is the same however many ask, composed once a process and prepared once a connection.

use std::sync::OnceLock;

use sea_orm::{
    ConnectionTrait as _, DbBackend, QueryResult, Statement, Value,
    sea_query::{BinOper, Expr, ExprTrait, Func, Query, SelectStatement},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{Error, Result, columns, database::Access};

/// What the table is called.
const ASKED: &str = "asked";
/// Where a question says its place among the others, which its rows begin with.
const PLACE: u8 = 0;

/// A statement about questions of one shape.
#[derive(Debug)]
pub(crate) struct Composed<S> {
    pub(crate) shape: S,
    compose: fn(Asked, S) -> SelectStatement,
    sqlite: OnceLock<Statement>,
    postgres: OnceLock<Statement>,
}

/// The questions inside a statement that is being composed. Each is an array; what stands at which place of it, whoever
/// asks and whoever composes know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked(DbBackend);

impl<S: Copy> Composed<S> {
    pub(crate) const fn new(shape: S, compose: fn(Asked, S) -> SelectStatement) -> Self {
        Self { shape, compose, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// Asks, and gives each row to `read`, with the answer that stands at its question's place.
    pub(crate) async fn ask<A>(
        &self,
        access: &Access,
        questions: &[impl Serialize],
        answers: &mut [A],
        read: impl Fn(&mut A, &QueryResult, S) -> Result<()>,
    ) -> Result<()> {
        if questions.is_empty() {
            return Ok(());
        }
        for row in access.executor().query_all_raw(self.statement(access, questions)?).await? {
            let place: i64 = row.try_get_by_index(0)?;
            let answer = usize::try_from(place).ok().and_then(|place| answers.get_mut(place));
            let answer = answer.ok_or_else(|| Error::Unreadable("an answer to no question".to_owned()))?;
            read(answer, &row, self.shape)?;
        }
        Ok(())
    }

    fn statement(&self, access: &Access, questions: &[impl Serialize]) -> Result<Statement> {
        let backend = access.backend();
        let composed = if backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        let composed = composed.get_or_init(|| backend.build(&(self.compose)(Asked(backend), self.shape)));
        let mut statement = composed.clone();
        let values = statement.values.iter_mut().flat_map(|values| &mut values.0);
        for value in values.filter(|value| **value == no_questions()) {
            *value = columns::json(questions)?.into();
        }
        Ok(statement)
    }
}

/// What stands for the questions in a text that is composed for any.
fn no_questions() -> Value {
    Value::String(Some(String::new()))
}

#[expect(clippy::disallowed_methods, reason = "subqueries; each is tied to the organization of the row around it")]
pub(crate) fn subquery() -> SelectStatement {
    Query::select()
}

/// What a subquery finds that finds one row at the most: unlike a list of one, SQLite looks it up.
pub(crate) fn one_of(subquery: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(subquery.into()))
}

impl Asked {
    /// A statement that begins with the questions. What is joined is tied to the organization that a question names, or
    /// to that of the server which it is found to be about.
    pub(crate) fn select(self) -> SelectStatement {
        let questions = Expr::value(no_questions());
        let table = if self.is_postgres() {
            Func::cust("jsonb_array_elements").arg(questions.cast_as("jsonb"))
        } else {
            Func::cust("jsonb_each").arg(questions)
        };
        let mut select = subquery();
        select.from_function(table, ASKED).expr(self.number(PLACE));
        select
    }

    pub(crate) fn text(self, place: u8) -> Expr {
        Expr::col((ASKED, "value")).binary(BinOper::Custom("->>"), Expr::cust(place.to_string()))
    }

    pub(crate) fn number(self, place: u8) -> Expr {
        self.text(place).cast_as("bigint")
    }

    /// Bytes that were written in hexadecimal.
    pub(crate) fn bytes(self, place: u8) -> Expr {
        let text = self.text(place);
        if self.is_postgres() {
            Func::cust("decode").arg(text).arg(Expr::cust("'hex'")).into()
        } else {
            Func::cust("unhex").arg(text).into()
        }
    }

    /// An id that was written in hexadecimal.
    pub(crate) fn id(self, place: u8) -> Expr {
        if self.is_postgres() { self.text(place).cast_as("uuid") } else { self.bytes(place) }
    }

    fn is_postgres(self) -> bool {
        self.0 == DbBackend::Postgres
    }
}

/// An id as [`Asked::id`] reads it.
pub(crate) fn hex_id(id: Uuid) -> String {
    id.simple().to_string()
}
