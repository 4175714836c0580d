//! A text in the editor of who types: in a file that only its owner reads.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    clock::random,
    failure::{Failure, Outcome},
};

/// A text that is being edited. The file stays until [`Editing::end`], whatever happens.
pub struct Editing {
    path: PathBuf,
    program: String,
}

impl Editing {
    /// Writes the text to a file.
    pub fn begin(text: &str) -> Outcome<Self> {
        let set = |name| {
            std::env::var(name)
                .ok()
                .filter(|program| !program.is_empty())
        };
        let program = set("VISUAL").or_else(|| set("EDITOR")).ok_or_else(|| {
            Failure::usage("no editor is named")
                .hint("set EDITOR, or give the text: --text \"…\" or --file FILE")
        })?;
        let digits: String = random::<8>()?.iter().map(|b| format!("{b:02x}")).collect();
        let path = std::env::temp_dir().join(format!("folkmoot-{digits}.md"));
        let failed = |error| {
            Failure::configuration(format!("cannot write {}", path.display())).because(error)
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        Ok(Self { path, program })
    }

    /// Opens the editor, waits until it is closed, and reads what was written.
    pub fn run(&self) -> Outcome<String> {
        // As other programs do: what is set may have words of its own, such as `code --wait`.
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!("{} \"$1\"", self.program))
            .arg("sh")
            .arg(&self.path)
            .status();
        let kept = || format!("your text is kept in {}", self.path.display());
        let status = status.map_err(|error| {
            Failure::refused(format!("cannot start {}", self.program))
                .because(error)
                .hint(kept())
        })?;
        if !status.success() {
            let failure = Failure::refused(format!("{} ended with an error", self.program));
            return Err(failure.hint(kept()));
        }
        std::fs::read_to_string(&self.path).map_err(|error| {
            Failure::refused(format!("cannot read {}", self.path.display())).because(error)
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text is safe elsewhere.
    pub fn end(&self) {
        // A file that is left behind harms nobody.
        let _ = std::fs::remove_file(&self.path);
    }
}
