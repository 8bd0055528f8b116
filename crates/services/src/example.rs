//! The connectivity check.

use guildhall_domain::{Result, text::Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Procedure, Public, Query};

/// Says hello: whether a client is set up right.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Execute {
    /// Whom to greet.
    pub name: Text<0, 10_000>,
    /// Any number.
    pub age: f64,
}

/// The same, with a greeting.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Greeting {
    /// Who is greeted.
    pub name: Text<0, 10_000>,
    /// The number.
    pub age: f64,
    /// The greeting.
    pub message: String,
}

impl Procedure for Execute {
    const NAME: &'static str = "example.execute";
    type Effect = Query;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = Greeting;

    async fn run(self, _: &Cx<'_, Public>) -> Result<Greeting> {
        let message = format!("hello, {}!", self.name);
        Ok(Greeting { name: self.name, age: self.age, message })
    }
}
