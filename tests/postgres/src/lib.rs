//! For tests and benches: a PostgreSQL cluster of their own, started from the system's binaries in a temporary directory.
//!
//! ```no_run
//! let cluster = edgesync_test_postgres::Cluster::start();
//! let url = cluster.url(); // postgres://… of an empty database that the role in it owns
//! cluster.stop_immediate(); // as a power cut: no checkpoint, no goodbye to clients
//! cluster.start_again(); // the same data, the same port
//! ```
//!
//! PostgreSQL refuses to run as root: started by root it runs as `postgres`, else as whoever runs the test. Passwords are
//! checked (scram-sha-256, over TCP and over the socket), and the role in [`Cluster::url`] is no superuser, so a test notices
//! what an installation would. Every commit is synced, unless [`Options::unsynced`] says that the test is not about that.
//!
//! `initdb` runs once per machine: its outcome is kept below the system's temporary directory and copied, so a cluster is there in
//! about 0.2 s. A cluster ends when it is dropped, and with the process however that ends (Linux); what a killed process left behind
//! is removed by the next one that starts a cluster.
//!
//! Everything blocks and nothing needs a runtime. Failures panic with what the server said: there is nothing that a test could do.

mod binaries;
mod child;
mod cluster;
mod options;
mod place;
mod proxy;
mod template;

pub use cluster::Cluster;
pub use options::Options;
pub use proxy::{Lost, Proxy};

/// The role that [`Cluster::url`] logs in as. It owns its databases and is no superuser.
pub const ROLE: &str = "edgesync";
/// The role's password. It has characters that a URL must escape.
pub const PASSWORD: &str = "p@ss/w:rd %?#ü";
/// The database of [`Cluster::url`].
pub const DATABASE: &str = "edgesync";

/// The password as it stands in a URL.
const PASSWORD_ESCAPED: &str = "p%40ss%2Fw%3Ard%20%25%3F%23%C3%BC";
/// The superuser's password, for [`Cluster::psql`].
const ADMIN_PASSWORD: &str = "admin";
