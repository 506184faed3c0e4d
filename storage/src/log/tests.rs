//! The log as a whole, against a naive model.
