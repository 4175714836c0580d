//! Writes `specs/vectors` from fixed seeds: `cargo run -p federation --example vectors`.
//!
//! The same code gives the same files on every machine. Tests read the files and check each crate
//! against them; a test here shows that the files are those this program writes.

use std::{fs, io, path::Path};

#[path = "set.rs"]
mod set;

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/vectors");
    fs::create_dir_all(&folder)?;
    for (name, text) in set::files() {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}
