//! Who is connected: one socket per device, the newest wins.
//!
//! An actor that supervises the connections' actors. It is asked once when a socket opens, hears when it ends, and writes
//! presence in batches on a tick.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use edgesync_schemas::id::{DeviceId, OrganizationId};
use edgesync_schemas::limit;
use edgesync_schemas::wire::close::{Close, CloseCode};
use edgesync_storage::catalog::{Catalog, DeviceAccess};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};

use super::acknowledge::Link;
use super::connection::{self, DeviceConnection};
use super::counters::Counters;
use super::presence::PresenceWriter;
use crate::tally::Tallies;

/// Asks who is connected, and ends connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Devices {
    registry: ActorRef<Message>,
    counters: Arc<Counters>,
}

/// A device's place in the registry, for as long as its socket is open.
#[derive(Debug)]
pub struct Attached {
    /// What the socket's task shares with its actor.
    pub link: Arc<Link>,
    actor: ActorRef<connection::Message>,
    counters: Arc<Counters>,
}

/// The socket has ended, in whichever way its task did.
impl Drop for Attached {
    fn drop(&mut self) {
        self.counters.disconnected.fetch_add(1, Relaxed);
        self.counters.ended.notify_one();
        self.actor.stop(None);
    }
}

/// What a socket gets when it is entered, or how it should be closed.
pub type Entered = Result<(Arc<Link>, ActorRef<connection::Message>), Close>;

/// What the registry can be asked.
#[derive(Debug)]
pub enum Message {
    /// A socket of this device has opened.
    Attach(DeviceAccess, RpcReplyPort<Entered>),
    /// Close the socket of this device, if there is one.
    Close(DeviceId, Close),
    /// The tokens of this device were changed: its socket, if there is one, closes unless it has one that is still valid.
    Recheck(DeviceId),
    /// Close the sockets of all devices of this organization.
    CloseOrganization(OrganizationId, Close),
    /// No new sockets; ask all to close.
    Drain(RpcReplyPort<()>),
    /// Write down who was seen since the last tick.
    Tick,
    /// Write down all that is not yet written; said when every socket has ended.
    Finish(RpcReplyPort<()>),
}

impl Devices {
    /// Starts the registry under `supervisor`. What devices send is counted in `tallies`, by their organizations.
    ///
    /// # Errors
    /// The actor could not be started.
    pub async fn start(
        catalog: Catalog,
        tallies: Tallies,
        supervisor: ActorCell,
    ) -> Result<Self, ractor::SpawnErr> {
        let counters = Arc::new(Counters::default());
        let arguments = (catalog, tallies);
        let (registry, _) = Actor::spawn_linked(None, Registry, arguments, supervisor).await?;
        Ok(Self { registry, counters })
    }

    /// Counters of all device sockets.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Enters a device whose socket has opened; an older socket of it is closed (4409). Cancel safe.
    ///
    /// # Errors
    /// How to close the new socket: the device is disabled, its organization has too many, or the server is going down.
    pub async fn attach(&self, access: &DeviceAccess) -> Result<Attached, Close> {
        if !access.is_active {
            return Err(Close::new(CloseCode::Forbidden, "the device is disabled"));
        }
        let stopping = || Close::draining(random_after_ms());
        let entered = ractor::call!(self.registry, Message::Attach, *access).map_err(|_| stopping())?;
        let (link, actor) = entered?;
        self.counters.connected.fetch_add(1, Relaxed);
        Ok(Attached { link, actor, counters: Arc::clone(&self.counters) })
    }

    /// Closes the socket of a device, if one is open.
    pub fn close(&self, device: DeviceId, close: Close) {
        // Err: the registry has ended, and every socket with it.
        let _ = self.registry.cast(Message::Close(device, close));
    }

    /// Closes the socket of a device (4401), if one is open and its token is none of the device's any more.
    pub fn recheck(&self, device: DeviceId) {
        // Err: the registry has ended, and every socket with it.
        let _ = self.registry.cast(Message::Recheck(device));
    }

    /// Closes the sockets of all devices of an organization.
    pub fn close_organization(&self, organization: OrganizationId, close: Close) {
        // As above.
        let _ = self.registry.cast(Message::CloseOrganization(organization, close));
    }

    /// Refuses new sockets and asks all to close (4503). Returns when they were asked. Cancel safe.
    pub async fn drain(&self) {
        let _ = ractor::call!(self.registry, Message::Drain);
    }

    /// Waits until every socket has ended, and writes down when. Cancel safe, then some devices stay marked as connected.
    pub async fn ended(&self) {
        while self.counters.open() > 0 {
            self.counters.ended.notified().await;
        }
        let _ = ractor::call!(self.registry, Message::Finish);
    }
}

/// How long a device stays away when the server drains: spread, so that a fleet does not come back at once.
pub fn random_after_ms() -> u32 {
    // A v7 UUID's last bytes are random; it saves a generator of our own.
    let bytes = uuid::Uuid::now_v7().into_bytes();
    let random = u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]);
    random % (limit::DRAIN_SPREAD_MS + 1)
}

struct Registry;

struct State {
    connections: HashMap<DeviceId, Entry>,
    by_actor: HashMap<ActorId, DeviceId>,
    by_organization: HashMap<OrganizationId, usize>,
    presence: PresenceWriter,
    tallies: Tallies,
    draining: bool,
}

struct Entry {
    actor: ActorRef<connection::Message>,
    link: Arc<Link>,
    organization: OrganizationId,
}

impl Actor for Registry {
    type Msg = Message;
    type State = State;
    type Arguments = (Catalog, Tallies);

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        (catalog, tallies): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        // The process before may have been killed: nobody is connected to this one yet.
        let reset = catalog.reset_presence().await?;
        tracing::debug!(devices = reset, "devices marked offline");
        myself.send_interval(Duration::from_secs(limit::PRESENCE_S), || Message::Tick);
        Ok(State {
            connections: HashMap::new(),
            by_actor: HashMap::new(),
            by_organization: HashMap::new(),
            presence: PresenceWriter::new(catalog),
            tallies,
            draining: false,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Attach(access, reply) => {
                let entered = state.attach(&access, myself.get_cell()).await;
                if let Err(undelivered) = reply.send(entered) {
                    // The socket went away while it waited: nobody will end this entry.
                    drop(undelivered);
                    state.abandon(access.device);
                }
            }
            Message::Close(device, close) => {
                if let Some(entry) = state.connections.get(&device) {
                    let _ = entry.actor.cast(connection::Message::Close(close));
                }
            }
            Message::Recheck(device) => {
                if let Some(entry) = state.connections.get(&device) {
                    let _ = entry.actor.cast(connection::Message::Recheck);
                }
            }
            Message::CloseOrganization(organization, close) => {
                for entry in state.connections.values().filter(|entry| entry.organization == organization) {
                    let _ = entry.actor.cast(connection::Message::Close(close.clone()));
                }
            }
            Message::Drain(reply) => {
                state.draining = true;
                for entry in state.connections.values() {
                    let _ = entry.actor.cast(connection::Message::Close(Close::draining(random_after_ms())));
                }
                let _ = reply.send(());
            }
            Message::Tick => {
                let open = state.connections.iter().map(|(device, entry)| (*device, &*entry.link));
                state.presence.collect(open);
                state.presence.start_write();
            }
            Message::Finish(reply) => {
                // Their sockets have ended; that their actors did may not have been heard yet.
                let listed: Vec<DeviceId> = state.connections.keys().copied().collect();
                listed.into_iter().for_each(|device| state.abandon(device));
                state.presence.finish().await;
                let _ = reply.send(());
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Message>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(actor, ..) => state.detach(actor.get_id()),
            SupervisionEvent::ActorFailed(actor, error) => {
                tracing::warn!(%error, "a connection's actor failed, another takes its place");
                state.replace_actor(actor.get_id(), myself.get_cell()).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl State {
    async fn attach(&mut self, access: &DeviceAccess, myself: ActorCell) -> Entered {
        if self.draining {
            return Err(Close::draining(random_after_ms()));
        }
        if let Some(old) = self.remove(access.device) {
            let close = Close::new(CloseCode::Replaced, "a newer socket of this device took over");
            let _ = old.actor.cast(connection::Message::Close(close));
        }
        let open = self.by_organization.entry(access.organization).or_default();
        if *open >= limit::CONNECTIONS_PER_ORGANIZATION {
            return Err(Close::new(CloseCode::Forbidden, "the organization has too many devices connected"));
        }
        let link = Arc::new(Link::new(self.tallies.of(access.organization.uuid())));
        let (actor, _) = Actor::spawn_linked(None, DeviceConnection, Arc::clone(&link), myself)
            .await
            .map_err(|_| Close::new(CloseCode::Unavailable, "the connection could not be started"))?;
        *open += 1;
        self.by_actor.insert(actor.get_id(), access.device);
        self.presence.online(access.device);
        let entry =
            Entry { actor: actor.clone(), link: Arc::clone(&link), organization: access.organization };
        self.connections.insert(access.device, entry);
        Ok((link, actor))
    }

    /// Takes a device out; its actor may still be running.
    fn remove(&mut self, device: DeviceId) -> Option<Entry> {
        let entry = self.connections.remove(&device)?;
        self.by_actor.remove(&entry.actor.get_id());
        if let Some(open) = self.by_organization.get_mut(&entry.organization) {
            *open -= 1;
            if *open == 0 {
                self.by_organization.remove(&entry.organization);
            }
        }
        Some(entry)
    }

    fn detach(&mut self, actor: ActorId) {
        // A replaced connection is no longer listed, and its device is still online.
        let Some(device) = self.by_actor.get(&actor).copied() else { return };
        self.remove(device);
        self.presence.offline(device);
    }

    fn abandon(&mut self, device: DeviceId) {
        if let Some(entry) = self.remove(device) {
            entry.actor.stop(None);
            self.presence.offline(device);
        }
    }

    async fn replace_actor(&mut self, failed: ActorId, myself: ActorCell) -> Result<(), ActorProcessingErr> {
        let Some(device) = self.by_actor.remove(&failed) else { return Ok(()) };
        let Some(entry) = self.connections.get_mut(&device) else { return Ok(()) };
        let (actor, _) = Actor::spawn_linked(None, DeviceConnection, Arc::clone(&entry.link), myself).await?;
        self.by_actor.insert(actor.get_id(), device);
        entry.actor = actor;
        Ok(())
    }
}
