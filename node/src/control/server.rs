//! The running node's side: a loopback port and a secret in a file.

use std::{fs, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

use super::{Answer, Command, Desk, LINE_BYTES_MAX};
use crate::{
    clock,
    directory::DataDirectory,
    failure::{Failure, Kind, Outcome},
    keyfile,
};

/// Commands carried out at once.
const AT_ONCE: usize = 8;
/// How long whoever connects may take to show the secret.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// How long a command may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// The file that says where to find the node; it goes when the node ends.
pub struct Notice(DataDirectory);

impl Drop for Notice {
    fn drop(&mut self) {
        // A file left behind leads nowhere, which the client notices.
        let _ = fs::remove_file(self.0.control_path());
    }
}

/// Listens for commands until the task is dropped.
pub async fn serve(directory: &DataDirectory, desk: Desk) -> Outcome<Notice> {
    let failed = |error: std::io::Error| {
        Failure::refused("cannot listen for commands of this machine").because(error)
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let secret = hex::encode(clock::random::<32>()?);
    let path = directory.control_path();
    if path.exists() {
        // The store's lock shows that no other node uses this directory.
        fs::remove_file(&path).map_err(failed)?;
    }
    keyfile::write_private(&path, format!("{address}\n{secret}\n").as_bytes())?;
    let notice = Notice(directory.clone());
    let secret: Arc<str> = secret.into();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    tokio::spawn(async move {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            };
            let (desk, secret) = (desk.clone(), Arc::clone(&secret));
            tokio::spawn(async move {
                // Whoever asked has gone away or been too slow: nothing is left to say.
                let _ = timeout(DEADLINE, converse(stream, &desk, &secret)).await;
                drop(place);
            });
        }
    });
    Ok(notice)
}

async fn converse(stream: TcpStream, desk: &Desk, secret: &str) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader.take(LINE_BYTES_MAX)).lines();
    let shown = timeout(HEAD_DEADLINE, lines.next_line()).await;
    let shown = shown.unwrap_or(Ok(None))?.unwrap_or_default();
    // Compared as hashes, so that the time taken says nothing about the secret.
    let hash = |text: &str| domain::id::Hash::of(&[b"control", text.as_bytes()]);
    if hash(&shown) != hash(secret) {
        return Ok(());
    }
    let line = lines.next_line().await?.unwrap_or_default();
    let answer = match serde_json::from_str::<Command>(&line) {
        Ok(command) => match desk.carry_out(command).await {
            Ok(ok) => Answer::Done { ok },
            Err(failure) => Answer::Failed {
                exit: failure.kind() as u8,
                error: failure.message,
                hint: failure.hint,
            },
        },
        Err(error) => Answer::Failed {
            exit: Kind::Refused as u8,
            error: format!("the node does not know this command: {error}"),
            hint: Some("use the same release of folkmoot for the node and the command".to_owned()),
        },
    };
    let mut bytes = serde_json::to_vec(&answer)?;
    bytes.push(b'\n');
    writer.write_all(&bytes).await?;
    writer.shutdown().await
}
