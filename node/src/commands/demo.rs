//! `folkmoot demo`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::run::Stop;
use crate::{
    cli::Global,
    config::LogSection,
    demo::{ACCOUNT, Demo as Running, PASSWORD, Pace},
    failure::{Failure, Outcome},
    logging,
};

/// Show a living federation of five invented co-ops until Ctrl-C
///
/// The data are in a temporary directory that goes at the end, unless --data names another. Sign in
/// at any of the five with the link it prints, or as `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Votes of one minute, something happens every few seconds
    #[arg(long)]
    fast: bool,
}

impl Demo {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        logging::start(&LogSection {
            level: "warn".to_owned(),
            ..LogSection::default()
        });
        let temporary = tempfile::Builder::new()
            .prefix("folkmoot-demo-")
            .tempdir()
            .map_err(|error| Failure::refused("cannot make a temporary folder").because(error))?;
        let base: PathBuf = match &global.data {
            Some(path) => path.clone(),
            None => temporary.path().to_owned(),
        };
        let mut stop = Stop::listen()?;
        let pace = if self.fast { Pace::FAST } else { Pace::CALM };
        let mut demo = tokio::select! {
            demo = Running::start(&base, pace) => demo?,
            () = stop.asked() => return Ok(()),
        };
        self.print(global, &demo)?;
        let ended = tokio::select! {
            () = stop.asked() => None,
            failure = any_ended(&mut demo) => Some(failure),
        };
        demo.stop().await?;
        ended.map_or(Ok(()), Err)
    }

    fn print(&self, global: &Global, demo: &Running) -> Outcome {
        let lines = demo.lines();
        let coops: Vec<_> = lines
            .iter()
            .map(|(name, url, link)| json!({ "name": name, "url": url, "link": link }))
            .collect();
        let guests: Vec<_> = demo
            .guests()
            .map(|(name, account, url)| json!({ "name": name, "account": account, "url": url }))
            .collect();
        let front_end = json!({
            "url": demo.meetings.url, "secret": demo.meetings.secret, "link": demo.meetings.link,
        });
        let json = json!({
            "coops": coops, "guests": guests, "account": ACCOUNT, "password": PASSWORD,
            "front_end": front_end,
        });
        let mut text = String::from(
            "Five example co-ops, all invented; the proposals are historical ones of meet.coop.\n\n",
        );
        for (name, url, link) in &lines {
            let link = link.as_deref().unwrap_or("(its link was used)");
            text += &format!("{name:<22} {url}  first sign-in, once: {link}\n");
        }
        text += "\nThey host members without a node:\n\n";
        for (name, account, url) in demo.guests() {
            text += &format!("{name:<22} {url}  sign in as {account:?}\n");
        }
        text += &format!(
            "\nThree of them keep laboratory servers for meetings. Into one of these, in a few \
             seconds:\n\n{}\n\nFor a front end of your own, such as Greenlight: BigBlueButton's \
             address {}, secret {}\n",
            demo.meetings.link, demo.meetings.url, demo.meetings.secret
        );
        text += &format!(
            "\nSign in as these, or at any of the five as {ACCOUNT:?}, with the password \
             {PASSWORD:?}. Ctrl-C ends the demo.\n"
        );
        global.say(&json, text)
    }
}

async fn any_ended(demo: &mut Running) -> Failure {
    let [first, second, third, fourth, fifth] = &mut demo.nodes[..] else {
        return std::future::pending().await;
    };
    tokio::select! {
        failure = first.ended() => failure,
        failure = second.ended() => failure,
        failure = third.ended() => failure,
        failure = fourth.ended() => failure,
        failure = fifth.ended() => failure,
    }
}
