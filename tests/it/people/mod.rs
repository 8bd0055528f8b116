//! Who may do what to whom, and what becomes of an organization's people whatever they do.
mod edges;
mod model;
mod roles;
mod rows;
mod table;
