//! Windows one by one, and against the model.

mod model;
mod rules;
mod support;
