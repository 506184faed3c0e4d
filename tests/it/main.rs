//! The real binary, real sockets, real databases.
