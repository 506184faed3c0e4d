//! A way to a cluster that loses the connection in the middle of a commit.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{DATABASE, PASSWORD_ESCAPED, ROLE};

/// Which half of a commit is lost with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// What the client says: nothing is committed.
    Question,
    /// What the server says: it is committed.
    Answer,
}

/// A port at 127.0.0.1 that leads to a cluster. Its threads end with the connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    plan: Arc<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    /// Which commit loses what. A std lock: held for a look-up.
    next: Mutex<Option<Next>>,
}

#[derive(Debug, Clone, Copy)]
struct Next {
    /// How many commits go through before.
    before: usize,
    /// What its connection said in a statement since its last commit.
    of: &'static str,
    lost: Lost,
}

impl Plan {
    /// Whether the commit that comes now, after `said`, is the one.
    fn take(&self, said: &[u8]) -> Option<Lost> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let planned = next.as_mut().filter(|next| contains(said, next.of.as_bytes()))?;
        if planned.before == 0 {
            return next.take().map(|next| next.lost);
        }
        planned.before -= 1;
        None
    }
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port for the proxy");
        let port = listener.local_addr().expect("the proxy's address").port();
        let plan = Arc::<Plan>::default();
        let planned = Arc::clone(&plan);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let plan = Arc::clone(&planned);
                std::thread::spawn(move || carry(client, server, &plan));
            }
        });
        Self { port, plan }
    }

    /// As [`crate::Cluster::url`], this way.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{ROLE}:{PASSWORD_ESCAPED}@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// Loses the connection of a commit, after `before` others went through.
    pub fn lose(&self, before: usize, lost: Lost) {
        self.lose_of("", before, lost);
    }

    /// Loses the connection of a commit of a transaction in which `of` was said (a part of a statement that is prepared for it), after
    /// `before` other such went through.
    pub fn lose_of(&self, of: &'static str, before: usize, lost: Lost) {
        *self.plan.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(Next { before, of, lost });
    }

    /// Whether what was to be lost is lost.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        self.plan.next.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// Carries what both say until one of them hangs up. What fails to be carried is what a lost connection is.
fn carry(mut client: TcpStream, server: u16, plan: &Plan) {
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { return };
    let (Ok(mut from), Ok(mut to)) = (server.try_clone(), client.try_clone()) else { return };
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut buffer = vec![0; 64 * 1024];
    let mut transaction = Vec::new();
    while let Ok(bytes @ 1..) = client.read(&mut buffer) {
        let said = &buffer[..bytes];
        transaction.extend_from_slice(said);
        let lost =
            if contains(said, b"COMMIT\0") { plan.take(&std::mem::take(&mut transaction)) } else { None };
        if lost.is_some() {
            // The client hears nothing more.
            let _ = client.shutdown(Shutdown::Both);
        }
        if lost == Some(Lost::Question) || server.write_all(said).is_err() {
            break;
        }
        if lost == Some(Lost::Answer) {
            // No more will be asked: the server does what it was asked, and hangs up.
            let _ = server.shutdown(Shutdown::Write);
            let _ = back.join();
            return;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    let _ = back.join();
}

fn contains(said: &[u8], word: &[u8]) -> bool {
    word.is_empty() || said.windows(word.len()).any(|part| part == word)
}
