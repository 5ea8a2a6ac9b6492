//! The program as a shell and a person at it meet it: help, completions, manual, colours, loudness, exit codes, Ctrl-C,
//! and what tells of runs and data sets.

#[path = "../common/mod.rs"]
mod common;

mod data;
mod help;
mod info;
mod interrupt;
mod machine;
mod speech;
mod tensorboard;
