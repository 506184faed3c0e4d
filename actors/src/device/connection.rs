//! The actor of one open socket: it takes what others ask of the connection and outlives nothing.
//!
//! Readings do not pass here; the socket's task and this actor share a [`Link`].

use std::sync::Arc;

use edgesync_schemas::wire::close::Close;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::acknowledge::Link;

/// What a connection can be asked.
#[derive(Debug)]
pub enum Message {
    /// Close the socket.
    Close(Close),
    /// Ask about the token again.
    Recheck,
}

/// See the module.
#[derive(Debug)]
pub struct DeviceConnection;

impl Actor for DeviceConnection {
    type Msg = Message;
    type State = Arc<Link>;
    type Arguments = Arc<Link>;

    async fn pre_start(
        &self,
        _: ActorRef<Message>,
        link: Arc<Link>,
    ) -> Result<Arc<Link>, ActorProcessingErr> {
        Ok(link)
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        link: &mut Arc<Link>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Close(close) => link.close(close),
            Message::Recheck => link.recheck(),
        }
        Ok(())
    }
}
