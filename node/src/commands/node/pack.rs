//! `folkmoot node pack`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Copied, add::counts};
use crate::{
    cli::Global,
    control::Access,
    directory::DataDirectory,
    failure::Outcome,
    keyfile,
    nodefile::{self, Code},
};

/// Make a file that brings a second node up to date
///
/// After a front end, a server or a room has changed here. There is no node's key in the file. It opens with
/// the printed code alone, which is shown once. At the second node: folkmoot node take FILE
#[derive(Debug, Args)]
pub struct Pack {
    /// The file, which must not exist
    pub file: PathBuf,
}

impl Pack {
    pub async fn run(self, global: &Global, directory: &DataDirectory, access: &Access) -> Outcome {
        let copied = Copied::ask(access, None).await?;
        let counts = counts(&copied);
        let name = directory.config()?.node.name;
        let name = if name.is_empty() {
            "Node".to_owned()
        } else {
            name
        };
        let contents = copied.into_contents(directory, name, None)?;
        let code = Code::new()?;
        keyfile::write_private(&self.file, &nodefile::seal(&contents, &code)?)?;
        let file = self.file.display();
        global.note("The file opens with this code alone, which is shown once. Carry them apart.");
        let text = format!(
            "{}\n\nThe file {file} is for a second node that is there already ({}). There:\n  \
             folkmoot node take {file}",
            *code.text(),
            super::counted(&counts)
        );
        let json = json!({ "file": self.file, "code": *code.text(), "counts": counts });
        global.say(&json, text)
    }
}
