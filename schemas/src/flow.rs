//! Flow diagrams: what a user draws, and what each kind of node may be configured with.
//!
//! [`diagram`] is the drawing as it is stored, [`node`] the catalogue of kinds and their typed configurations, [`port`]
//! the ends of edges, [`problem`] what is wrong with a drawing. Whether the parts fit together is the engine's to say.

pub mod diagram;
pub mod node;
pub mod port;
pub mod problem;

pub use diagram::Diagram;
pub use node::NodeConfig;
pub use port::Port;
pub use problem::Problem;
