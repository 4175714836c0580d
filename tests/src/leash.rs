//! What ends the processes of a story even when the test program itself is killed.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// Waits until its input ends, which it does in any case when this program is gone.
const SCRIPT: &str = r#"read -r word; test "$word" = released || kill -KILL -- "-$1""#;

/// Holds a process group; when dropped, or when this program dies, all of the group is killed.
pub(crate) struct Leash {
    group: Pid,
    watcher: Child,
}

impl Leash {
    pub(crate) fn on(group: Pid) -> Self {
        let watcher = Command::new("sh")
            .args(["-c", SCRIPT, "leash"])
            .arg(group.as_raw_nonzero().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in the terminal must not reach it.
            .process_group(0)
            .spawn()
            .expect("a shell can be started");
        Self { group, watcher }
    }

    pub(crate) fn send(&self, signal: Signal) {
        // The group may be gone already.
        let _ = kill_process_group(self.group, signal);
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.send(Signal::KILL);
        // From now on the group's number may belong to somebody else.
        if let Some(mut input) = self.watcher.stdin.take() {
            let _ = input.write_all(b"released\n");
        }
        let _ = self.watcher.wait();
    }
}
