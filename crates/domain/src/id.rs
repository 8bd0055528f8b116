//! Typed identifiers: two kinds of id do not mix, and each says on the wire what it is of.

use std::{borrow::Cow, fmt, hash::Hash, marker::PhantomData, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

/// What an [`Id`] is of; gives it its prefix.
pub trait Kind: 'static {
    /// The letters before the underscore.
    const PREFIX: &'static str;
}

/// A [TypeID](https://github.com/jetify-com/typeid) (spec 0.3): `tkt_` and 26 characters of base32 on the wire, a
/// UUIDv7 (RFC 9562) inside; sorts by creation.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// The id of that UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// What the database keeps.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DynamicType::new(K::PREFIX) {
            Ok(kind) => write!(f, "{}", TypeSafeId::from_type_and_uuid(kind, self.0)),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<TypeSafeId<DynamicType>>() {
            Ok(id) if id.type_prefix() == K::PREFIX => Ok(Self::from_uuid(id.uuid())),
            _ => Err(format!("not an id of the form {}_… with 26 characters after the underscore", K::PREFIX)),
        }
    }
}

impl<K: Kind> TryFrom<String> for Id<K> {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: Kind> JsonSchema for Id<K> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Id_{}", K::PREFIX).into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::PREFIX) })
    }
}

// Derives would ask the same of `K`, which is never there.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $Name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        pub enum $Name {}
        impl Kind for $Name {
            const PREFIX: &'static str = $prefix;
        }
    )*};
}

kinds! {
    /// Something that happened.
    Event = "evt";
    /// A person with an account.
    User = "usr";
    /// One sign-in of a user, on one device.
    Session = "ses";
    /// An organization: the tenant.
    Organization = "org";
    /// A user's place in one organization.
    Member = "mem";
    /// A published MCP server.
    McpServer = "srv";
    /// How end users of a server sign in somewhere else.
    OauthConfig = "oac";
    /// An end user of an organization's MCP servers.
    McpUser = "mus";
    /// One visit of an end user to one server.
    McpSession = "mcs";
    /// One recorded call of a tool.
    ToolCall = "tlc";
    /// A walkthrough.
    Walkthrough = "wkt";
    /// One step of a walkthrough.
    Step = "wst";
    /// One person's way through a walkthrough on one server.
    Run = "run";
    /// A collection of documents.
    Namespace = "kns";
    /// A document that agents can read.
    Document = "doc";
    /// Something that customers looked for and did not find.
    Gap = "gap";
    /// A support ticket.
    Ticket = "tkt";
    /// One entry of a ticket's history.
    Activity = "act";
    /// A key that signs access tokens.
    SigningKey = "key";
    /// An offer to join an organization.
    Invitation = "inv";
    /// A client that was registered at a hosted server's authorization server.
    OauthClient = "cli";
    /// One end user on the way to signing in.
    OauthSignIn = "osi";
    /// What an end user allowed a client.
    OauthGrant = "ogr";
    /// Something that is still to be done.
    Job = "job";
}

#[cfg(test)]
mod tests {
    use super::{Id, Ticket, User};

    #[test]
    fn an_id_survives_the_wire_and_refuses_another_kind() {
        let id = Id::<Ticket>::from_uuid(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
        let text = id.to_string();
        assert_eq!((text.len(), &text[..4]), (30, "tkt_"));
        assert_eq!(text.parse(), Ok(id));
        assert!(text.parse::<Id<User>>().is_err());
        assert!("tkt_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<Id<Ticket>>().is_err(), "more than 128 bits");
        assert!(text.to_uppercase().parse::<Id<Ticket>>().is_err());
    }
}
