//! The program as a person at a terminal starts it.

use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs a command in a folder, with nothing of this process's surroundings.
pub fn folkmoot(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_folkmoot"))
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .output()
        .expect("folkmoot starts")
}
