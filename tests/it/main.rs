//! EdgeSync from outside: the real binary, real sockets, a client library that the product does not send with.
//!
//! One file per promise. Every test starts its own server on a free port with its own data, so tests run side by side;
//! what is random prints its seed.

// The lint's exception for tests knows only functions that are marked as tests, not their helpers.
#![allow(clippy::unwrap_used)]

mod support;

mod admin;
mod arrows;
mod authority;
mod bad_flow;
mod bad_input;
mod buckets;
mod cbor;
mod check;
mod close_codes;
mod crash;
mod crash_postgres;
mod dashboards;
mod derived;
mod executions;
mod fair;
mod first_start;
mod fleet;
mod flow_random;
mod flow_state;
mod isolation;
mod metrics;
mod postgres;
mod postgres_faults;
mod restart;
mod retention;
mod runs;
mod samples;
mod senml;
mod sequence;
mod serve;
mod setup;
mod stall;
mod transfer;
mod viewers;
mod ways;
mod ways_live;
mod widgets_live;
