//! One file per command: its help, what it takes, what it does.

pub mod action;
pub mod admit;
pub mod amend;
pub mod charter;
pub mod circle;
pub mod comment;
pub mod completions;
pub mod config;
pub mod decision;
pub mod decisions;
pub mod demo;
pub mod document;
mod editor;
mod effect;
pub mod export;
pub mod host;
mod host_join;
pub mod init;
pub mod invite;
pub mod join;
pub mod key;
pub mod lab;
pub mod leave;
pub mod meeting;
pub mod members;
pub mod node;
pub mod open;
pub mod person;
mod proof;
pub mod propose;
pub mod register;
pub mod report;
pub mod run;
pub mod server;
pub mod show;
pub mod status;
pub mod store;
mod table;
pub mod tenant;
pub mod token;
pub mod verify;
pub mod vote;
pub mod withdraw;
mod words;

use std::path::Path;

use domain::key::SecretKey;

use crate::{
    directory::DataDirectory,
    failure::Outcome,
    keyfile::{self, Role},
};

/// The member's root key: of a named file, else of the data directory.
pub fn root_key(directory: &DataDirectory, file: Option<&Path>) -> Outcome<SecretKey> {
    match file {
        Some(path) => keyfile::read(path, Role::Root),
        None => directory.key(Role::Root),
    }
}
