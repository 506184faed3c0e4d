//! What the catalog promises, asked of a real file.

mod access;
mod audit;
mod dashboards;
mod device_history;
mod devices;
mod flows;
mod organizations;
mod permissions;
mod projects;
mod tokens;
mod users;
mod widgets;

use edgesync_schemas::entity::device::{Device, DeviceInput};
use edgesync_schemas::entity::organization::MemberRole;
use edgesync_schemas::id::{OrganizationId, UserId};
use serde_json::{Value, json};

use super::token::Token;
use super::user::SignedUp;
use super::{Catalog, Error, member, now};

/// A catalog in a directory that goes with it.
struct Fixture {
    catalog: Catalog,
    _dir: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    Fixture { catalog: Catalog::open(&dir.path().join("catalog.db")).unwrap(), _dir: dir }
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
