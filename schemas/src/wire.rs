//! What is said on the sockets: frames as bytes, and the types that they are read into.
