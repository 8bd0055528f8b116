//! The TypeScript contract on standard output, as `GET /contract.ts` gives it.

use anyhow::Result;

use crate::process::say;

pub(crate) fn run() -> Result<()> {
    say(&guildhall_catalogue::typescript::contract(&guildhall_catalogue::catalogue()))
}
