//! The folkmoot program: the node of a co-op of co-ops, and the commands to use it.

mod api;
mod cli;
mod clock;
mod commands;
mod config;
mod control;
mod crowds;
mod demo;
mod device;
mod directory;
mod driver;
mod endpoint;
mod failure;
mod founding;
mod guests;
mod hosting;
mod introduction;
mod invitation;
mod joining;
mod keyfile;
mod local;
mod logging;
mod mail;
mod nodefile;
mod opening;
mod run;
mod servers;
mod strangers;
mod vault;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
