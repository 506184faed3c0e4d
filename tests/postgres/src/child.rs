//! The server's process, and the thread that it dies with.
//!
//! The system ends a child with the thread that started it, and a test's threads come and go: so one thread per cluster starts its
//! servers and lives as long as the cluster.

use std::process::{Child, Command};
use std::sync::mpsc::{self, SyncSender};

type Reply = SyncSender<std::io::Result<Child>>;

/// The thread that starts servers. It ends with this.
#[derive(Debug)]
pub(crate) struct Starter {
    commands: SyncSender<(Command, Reply)>,
}

impl Starter {
    pub(crate) fn new() -> Self {
        let (commands, todo) = mpsc::sync_channel::<(Command, Reply)>(0);
        std::thread::Builder::new()
            .name("postgres-starter".to_owned())
            .spawn(move || {
                for (mut command, reply) in todo {
                    let _ = reply.send(command.spawn());
                }
            })
            .expect("a thread can be started");
        Self { commands }
    }

    pub(crate) fn start(&self, command: Command) -> Child {
        let (reply, answer) = mpsc::sync_channel(1);
        self.commands.send((command, reply)).expect("the starter lives as long as this");
        answer.recv().expect("the starter answers").expect("the server's program can be run")
    }
}
