//! Texts that people give: on the command line, in a file, or on standard input.

use std::path::PathBuf;

use clap::Args;

use crate::failure::{Failure, Outcome};

/// A text, or where it is.
#[derive(Debug, Args)]
pub struct Words {
    /// The text
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    text: Option<String>,
    /// A file with the text; - is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Words {
    /// Whether there is one.
    pub fn is_given(&self) -> bool {
        self.text.is_some() || self.file.is_some()
    }

    /// The text.
    pub fn read(&self) -> Outcome<String> {
        match (&self.text, &self.file) {
            (Some(text), _) => Ok(text.clone()),
            (None, Some(path)) => {
                let read = match path.as_os_str() == "-" {
                    true => std::io::read_to_string(std::io::stdin()),
                    false => std::fs::read_to_string(path),
                };
                read.map_err(|error| {
                    Failure::usage(format!("cannot read {}", path.display())).because(error)
                })
            }
            (None, None) => Err(Failure::usage("the text is missing")
                .hint("add --text \"…\" or --file FILE; - is standard input")),
        }
    }
}
