//! What the tests share: the server, its API, devices of both forms, a dashboard's socket.
//!
//! Nothing here uses the product's own wire code: frames are built from JSON literals and sent by tokio-tungstenite; CBOR is
//! ciborium's.

pub mod api;
pub mod cbor;
pub mod device;
pub mod live;
pub mod server;
pub mod wait;

pub use api::{Api, NewDevice, call};
pub use device::{CompatDevice, Device};
pub use live::Live;
pub use server::Server;
pub use wait::{Random, eventually, now_ms, within};

/// A server with an account and a device: where most tests begin.
pub struct Stage {
    pub server: Server,
    pub api: Api,
    pub device: NewDevice,
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
    Stage { server, api, device }
}
