//! `folkmoot run`

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::Global,
    failure::{Failure, Outcome},
    logging,
    run::{Node, Start, print_link, say},
};

/// Run this co-op's node until Ctrl-C
#[derive(Debug, Args)]
pub struct Run {
    /// Let it sign after an unclean stop although no other node answers
    #[arg(long)]
    alone: bool,
}

impl Run {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        if !directory.has_genesis() {
            return Err(directory.not_set_up());
        }
        let config = directory.config()?;
        logging::start(&config.log);
        let mut node = Node::start(Start {
            directory: directory.clone(),
            config,
            alone: self.alone,
            banner: None,
        })
        .await?;
        say(&format!("Dashboard: {}", node.url));
        for address in &node.addresses {
            tracing::info!(%address, "nodes reach this one at");
        }
        print_link(&directory, &node.handle, &node.url).await;
        say_where_people_sign_in(&node).await?;
        let mut stop = Stop::listen()?;
        let ended = tokio::select! {
            () = stop.asked() => None,
            failure = node.ended() => Some(failure),
        };
        if let Some(failure) = ended {
            return Err(failure);
        }
        tracing::info!("stopping");
        node.stop().await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// A second node has no account of anybody, and its pages look like those of the first.
async fn say_where_people_sign_in(node: &Node) -> Outcome {
    let accounts = node.site.accounts.all().await;
    let accounts = accounts.map_err(|error| Failure::refused(error.to_string()).because(error))?;
    let has_another = node.handle.read(|core| {
        let own = core.member();
        let mut others = core.roster().keys();
        own.is_some() && others.any(|key| core.view().member_of(key) == own)
    });
    if accounts.is_empty() && has_another {
        say(
            "Nobody has an account here: people sign in at the other node of this co-op. Front ends and links \
             into rooms work here.",
        );
    }
    Ok(())
}

/// Ctrl-C and the service manager's wish to stop.
pub struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    /// Begins to listen.
    pub fn listen() -> Outcome<Self> {
        let failed =
            |error: std::io::Error| Failure::refused("cannot listen for signals").because(error);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    /// Returns when one has come.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
