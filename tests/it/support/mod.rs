//! What the tests share: the server, its API, devices of both forms, a dashboard's socket.
//!
//! Nothing here uses the product's own wire code: frames are built from JSON literals and sent by tokio-tungstenite; CBOR is
//! ciborium's.

pub mod api;
pub mod cbor;
pub mod device;
pub mod events;
pub mod firmware;
pub mod live;
pub mod server;
pub mod wait;

use edgesync_test_postgres::Cluster;

pub use api::{Api, NewDevice, call};
pub use device::{CompatDevice, Device};
pub use events::Events;
pub use live::Live;
pub use server::Server;
pub use wait::{Random, eventually, now_ms, within};

/// Makes of each function, which takes a [`Stage`], a test per store.
macro_rules! on_both_stores {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::stage().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::stage_on_postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both_stores;

/// A server with an account and a device: where most tests begin.
pub struct Stage {
    pub server: Server,
    pub api: Api,
    pub device: NewDevice,
    /// The server's database, if it is on one. It ends after the server.
    _cluster: Option<Cluster>,
}

/// Sets the stage.
pub async fn stage() -> Stage {
    stage_with(&[]).await
}

/// Sets the stage with more arguments for the server.
pub async fn stage_with(args: &[&str]) -> Stage {
    let server = Server::start_with(args).await;
    let api = Api::sign_up(&server).await;
    let device = api.new_device("bench").await;
    Stage { server, api, device, _cluster: None }
}

/// Sets the stage on a PostgreSQL of its own.
pub async fn stage_on_postgres() -> Stage {
    let cluster = edgesync_test_postgres::Options::new().unsynced().start();
    let stage = stage_with(&["--database-url", &cluster.url()]).await;
    Stage { _cluster: Some(cluster), ..stage }
}
