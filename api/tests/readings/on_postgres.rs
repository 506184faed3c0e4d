//! On PostgreSQL.

use super::*;

async fn server() -> Server {
    Server::on_postgres().await
}

#[allow(clippy::duplicate_mod)] // On purpose: see the head of this directory.
#[path = "suite.rs"]
mod suite;
