//! The program under test.

use std::{env, path::PathBuf, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::process::Command;

/// The longest a command may take.
const COMMAND_DEADLINE: Duration = Duration::from_secs(30);

/// Where the program is: `FOLKMOOT_BINARY`, or beside this test in the target folder.
///
/// # Panics
/// When there is none.
pub fn path() -> PathBuf {
    if let Some(path) = env::var_os("FOLKMOOT_BINARY") {
        return path.into();
    }
    let path = profile().join("folkmoot");
    assert!(
        path.exists(),
        "{} is missing: cargo build, or set FOLKMOOT_BINARY",
        path.display()
    );
    path
}

/// The target folder that this test was built into.
///
/// # Panics
/// When the test is elsewhere.
pub fn target() -> PathBuf {
    let profile = profile();
    let target = profile.parent().expect("it is in target/PROFILE");
    target.to_owned()
}

fn profile() -> PathBuf {
    let own = env::current_exe().expect("the system knows where this program is");
    let profile = own.ancestors().nth(2);
    profile.expect("it is in target/PROFILE/deps").to_owned()
}

/// The program with nothing of this process's surroundings that could change what it does.
pub fn command() -> Command {
    let mut command = Command::new(path());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("FOLKMOOT_") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8");
    command
}

/// What a command said.
#[derive(Debug, Clone)]
pub struct Said {
    /// What was typed.
    pub typed: String,
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// The same, if all went well.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// The same, if it was refused with this exit code and all of these words on standard error.
    ///
    /// # Panics
    /// When it was not.
    #[track_caller]
    pub fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {self:#?}");
        }
        self
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The first word of standard output that begins so.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn word(&self, start: &str) -> String {
        self.out
            .split_whitespace()
            .find(|word| word.starts_with(start))
            .unwrap_or_else(|| panic!("no word begins with {start:?} in {self:#?}"))
            .trim_matches(['.', ',', '\'', '"'])
            .to_owned()
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started, or does not end.
pub async fn say(mut command: Command) -> Said {
    let arguments = command.as_std().get_args();
    let typed: Vec<_> = arguments
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let typed = format!("folkmoot {}", typed.join(" "));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child = command.spawn().expect("the program can be started");
    match tokio::time::timeout(COMMAND_DEADLINE, child.wait_with_output()).await {
        Ok(output) => {
            let output = output.expect("a child can be waited for");
            Said {
                typed,
                code: output.status.code(),
                out: String::from_utf8_lossy(&output.stdout).into_owned(),
                err: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        }
        Err(_) => panic!("{typed} did not end within {COMMAND_DEADLINE:?}"),
    }
}
