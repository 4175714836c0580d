//! A process that belongs to a story: what it says is kept, and it ends with the story.

use std::{
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
};

use crate::leash::Leash;

/// How much of what a process said is printed when the story fails.
const TAIL_LINES: usize = 40;
const KEPT_LINES_MAX: usize = 20_000;

/// A running process, the first of its own group.
pub struct Process {
    name: String,
    child: Child,
    leash: Leash,
    said: Arc<Mutex<Vec<String>>>,
    heard: watch::Receiver<usize>,
}

impl Process {
    /// Starts a command.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(name: &str, mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let leash = Leash::on(group.expect("a process that was just started has an id"));
        let said = Arc::default();
        let (count, heard) = watch::channel(0);
        if let Some(output) = child.stdout.take() {
            tokio::spawn(listen(output, Arc::clone(&said), count.clone()));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(listen(output, Arc::clone(&said), count));
        }
        Self {
            name: name.to_owned(),
            child,
            leash,
            said,
            heard,
        }
    }

    /// The id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Everything it wrote so far, both of its outputs as they came.
    pub fn said(&self) -> String {
        lines(&self.said).join("\n")
    }

    /// Whether it ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for a line that `found` wants.
    ///
    /// # Panics
    /// When there is none within `seconds`.
    pub async fn line<T>(
        &mut self,
        what: &str,
        seconds: u64,
        found: impl Fn(&str) -> Option<T>,
    ) -> T {
        let mut heard = self.heard.clone();
        let wait = async {
            loop {
                heard.borrow_and_update();
                if let Some(found) = lines(&self.said).iter().find_map(|line| found(line)) {
                    return Some(found);
                }
                if heard.changed().await.is_err() {
                    return None;
                }
            }
        };
        match tokio::time::timeout(Duration::from_secs(seconds), wait).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("{} ended without {what}", self.name),
            Err(_) => panic!("{} did not say within {seconds} seconds: {what}", self.name),
        }
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it runs on after `seconds`.
    pub async fn end(&mut self, seconds: u64) -> ExitStatus {
        let ended = tokio::time::timeout(Duration::from_secs(seconds), self.child.wait()).await;
        match ended {
            Ok(status) => status.expect("a child can be waited for"),
            Err(_) => panic!("{} still runs after {seconds} seconds", self.name),
        }
    }

    /// Asks it to stop as a service manager does, and waits.
    pub async fn terminate(&mut self, seconds: u64) -> ExitStatus {
        self.leash.send(Signal::TERM);
        self.end(seconds).await
    }

    /// Asks it to stop as Ctrl-C does, and waits.
    pub async fn interrupt(&mut self, seconds: u64) -> ExitStatus {
        self.leash.send(Signal::INT);
        self.end(seconds).await
    }

    /// Kills it at once.
    pub async fn kill(&mut self) {
        self.leash.send(Signal::KILL);
        let status = self.end(5).await;
        assert!(status.signal().is_some(), "{} ended before", self.name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = lines(&self.said);
            let tail = said.len().saturating_sub(TAIL_LINES);
            eprintln!("--- {}, the last of {} lines:", self.name, said.len());
            eprintln!("{}", said[tail..].join("\n"));
        }
    }
}

fn lines(said: &Mutex<Vec<String>>) -> Vec<String> {
    said.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn listen(
    output: impl AsyncRead + Unpin,
    said: Arc<Mutex<Vec<String>>>,
    count: watch::Sender<usize>,
) {
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < KEPT_LINES_MAX {
            said.push(line);
        }
        count.send_modify(|count| *count += 1);
    }
}
