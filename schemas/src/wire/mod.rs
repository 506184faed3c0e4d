//! What is said on the sockets: frames as bytes, and the types they are read into.
//!
//! A frame is decoded once, borrowing from its bytes; what is wrong with it is said by naming the field.

pub mod cbor;
pub mod close;
pub mod compat;
pub mod decode;
pub mod encode;
pub mod encoding;
pub mod frame;
pub mod live;
pub mod senml;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
