//! Integration tests: snapshots packed on the fly, read by the product.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a failing test may panic"
)]

mod bad_input;
#[cfg(unix)]
mod beside;
mod bombs;
mod canary;
mod cases;
mod catalogue;
mod circles;
mod cold_standby;
mod containers;
mod corpus;
mod custody;
mod damage;
mod demo;
mod determinism;
mod diff;
mod differential;
mod formats;
mod gate;
mod hostile_names;
mod instance;
mod layers;
mod layouts;
mod linked_keys;
mod linked_logs;
mod manual;
mod marks;
mod memory;
mod misplaced;
mod moved;
mod nested;
mod options;
mod output;
mod pack;
mod products;
#[cfg(unix)]
mod repair;
mod repository;
mod run;
mod runbook;
mod samples;
mod saved;
mod scale_out;
mod scenes;
mod schema;
mod secrets;
#[path = "../../benches/snapshot/mod.rs"]
mod snapshot;
mod sources;
mod timeline;
mod type_names;
#[cfg(unix)]
mod whole_outputs;
mod words;
mod zip;
