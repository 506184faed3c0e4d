//! What the catalog promises, asked of both databases: a file, and a PostgreSQL of the test's own.
//!
//! The suite is the modules of `suite.rs`. It is compiled twice, with another `fixture()` each time, so a test in it runs on both
//! databases by being there; a new file is a line in `suite.rs`. (Because it is
//! compiled twice, what a file adds to [`Fixture`] is a function there, not a method.) What one database alone promises is in a file of its own here.

mod check_postgres;
mod on_postgres;
mod on_sqlite;
mod only_postgres;

use edgesync_schemas::entity::device::{Device, DeviceInput};
use edgesync_schemas::entity::organization::MemberRole;
use edgesync_schemas::id::{OrganizationId, UserId};
use edgesync_test_postgres::Cluster;
use serde_json::{Value, json};

use super::token::Token;
use super::user::SignedUp;
use super::{Catalog, Error, member, now};
use crate::postgres::{Server, Target};

/// A catalog in a database that goes with it.
struct Fixture {
    catalog: Catalog,
    place: Place,
}

enum Place {
    File(tempfile::TempDir),
    Server(Cluster),
}

impl Fixture {
    fn at(place: Place) -> Self {
        Self { catalog: place.open(), place }
    }
}

impl Place {
    /// The catalog that is there, as another process opens it.
    fn open(&self) -> Catalog {
        match self {
            Self::File(directory) => Catalog::open(&directory.path().join("catalog.db")).unwrap(),
            Self::Server(cluster) => {
                let target = Target::parse(&cluster.url()).unwrap();
                // On a thread and runtime of its own, so that tests need not know that this takes a while; no connection of it stays.
                let opened = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        Catalog::open_postgres(&Server::open(&target).await.unwrap()).await.unwrap()
                    })
                });
                opened.join().unwrap()
            }
        }
    }
}

impl Fixture {
    async fn sign_up(&self, email: &str) -> SignedUp {
        self.catalog.sign_up(email, email, "hash".to_owned()).await.unwrap()
    }

    /// Makes `user` a member who is no admin.
    async fn join(&self, organization: OrganizationId, user: UserId) {
        let mut tx = self.catalog.db.begin().await.unwrap();
        member::insert(&mut tx, organization, user, MemberRole::User, None, now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn device(&self, of: &SignedUp, name: &str) -> (Device, Token) {
        self.catalog.create_device(of.user.id, device(of.organization.id, name)).await.unwrap()
    }
}

fn device(organization: OrganizationId, name: &str) -> DeviceInput {
    DeviceInput::read(json!({"organization_id": organization, "name": name})).unwrap()
}

/// An input read from JSON.
fn input<T: std::fmt::Debug>(
    read: impl Fn(Value) -> Result<T, Vec<edgesync_schemas::entity::Problem>>,
    body: Value,
) -> T {
    read(body).unwrap()
}

#[track_caller]
fn assert_not_found<T: std::fmt::Debug>(answer: Result<T, Error>) {
    assert!(matches!(answer, Err(Error::NotFound { .. })), "{answer:?}");
}

#[track_caller]
fn assert_forbidden<T: std::fmt::Debug>(answer: Result<T, Error>) {
    assert!(matches!(answer, Err(Error::Forbidden)), "{answer:?}");
}
