use guildhall_domain::oauth::{OauthCode, Refused};

/// What a client sent: names and values, as a query or a form has them.
#[derive(Clone, Default)]
pub struct Parameters(pub Vec<(String, String)>);

/// How a client proves itself in the `Authorization` header (RFC 6749 §2.3.1), decoded.
#[derive(Clone)]
pub struct Credentials {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub secret: String,
}

impl Parameters {
    /// The value of that name; a name that is empty counts as left out (RFC 6749 §3.1).
    ///
    /// # Errors
    /// `invalid_request` where it comes twice.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Refused> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refused::new(OauthCode::InvalidRequest, "a parameter is there twice")),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// The same, which must be there.
    ///
    /// # Errors
    /// `invalid_request` where it is not.
    pub fn need(&self, name: &str) -> Result<&str, Refused> {
        self.one(name)?.ok_or_else(|| Refused {
            code: OauthCode::InvalidRequest,
            description: format!("{name} is missing").into(),
        })
    }
}

// Codes, verifiers and secrets are in it.
impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parameters(…)")
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}
