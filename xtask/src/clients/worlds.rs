//! The ways of running Guildhall that clients must not be able to tell apart.

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    node::{Node, Place, Shared, free_port, fresh_folder},
    postgres::Cluster,
};

/// A way of running Guildhall.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum World {
    /// One node, SQLite.
    Sqlite,
    /// One node, PostgreSQL.
    Postgres,
    /// Two nodes on one PostgreSQL, asked in turn.
    TwoNodes,
}

/// Nodes, and the database they share; gone with this value, the nodes first.
#[derive(Debug)]
pub(crate) struct Running {
    /// One or two.
    pub(crate) nodes: Vec<Node>,
    /// The folders that they write letters to, separated by commas.
    pub(crate) mail: String,
    _cluster: Option<Cluster>,
}

impl World {
    /// For people.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite, one node",
            Self::Postgres => "PostgreSQL, one node",
            Self::TwoNodes => "PostgreSQL, two nodes in turn",
        }
    }

    /// Starts its nodes on an empty database.
    pub(crate) fn start(self, binary: &Path) -> Result<Running> {
        let cluster = if matches!(self, Self::Sqlite) { None } else { Some(Cluster::start()?) };
        let database_url = cluster.as_ref().map(|cluster| cluster.database("guildhall")).transpose()?;
        let data = fresh_folder("clients/data")?;
        let count: usize = if matches!(self, Self::TwoNodes) { 2 } else { 1 };
        let ports = (0..count).map(|_| free_port()).collect::<Result<Vec<u16>>>()?;
        // Nodes behind one balancer have one address; here it is the first one's.
        let shared = ports.first().filter(|_| cluster.is_some()).map(|port| Shared {
            secret: "the same secret on each of the nodes".to_owned(),
            public_url: format!("http://localhost:{port}"),
        });
        let place = |port: &u16| Place {
            binary: binary.to_owned(),
            data: data.join(port.to_string()),
            database_url: database_url.clone(),
            port: *port,
            shared: shared.clone(),
            // The authorization server and the documents of clients that the scripts serve are on this machine.
            flags: &["--allow-loopback"],
        };
        let nodes = ports.iter().map(|port| Node::start(&place(port))).collect::<Result<_>>()?;
        let mail = ports.iter().map(|port| place(port).data.join("mail").display().to_string());
        Ok(Running { nodes, mail: mail.collect::<Vec<_>>().join(","), _cluster: cluster })
    }
}
