//! `folkmoot invite`

use clap::Args;
use domain::id::Timestamp;
use federation::format_utc;

use super::table::text;
use crate::{
    cli::Global,
    control::{Access, Command},
    failure::{Failure, Outcome},
    joining,
};

/// The longest an invitation can be used.
const DAYS_MAX: u64 = 90;

/// Invite a co-op: prints a text to send to it
#[derive(Debug, Args)]
pub struct Invite {
    /// Whom it is for, for your own memory
    #[arg(long, default_value = "")]
    name: String,
    /// The class it is for; any if left out
    #[arg(long, default_value = "")]
    class: String,
    /// For how many days it can be used
    #[arg(long, value_name = "DAYS", default_value_t = 14)]
    expires: u64,
}

impl Invite {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        if !(1..=DAYS_MAX).contains(&self.expires) {
            return Err(Failure::usage(format!(
                "--expires must be 1 to {DAYS_MAX} days, not {}",
                self.expires
            )));
        }
        let directory = global.directory()?;
        joining::check_member(&directory)?;
        let access = Access::open(&directory).await?;
        let answer = access
            .call(Command::Invite {
                name: self.name,
                class: self.class,
                valid_seconds: self.expires * 86_400,
            })
            .await;
        access.close().await?;
        let answer = answer?;
        let until = Timestamp(answer["expires_ms"].as_u64().unwrap_or_default());
        global.note(format!(
            "For one co-op, until {}. It types: folkmoot join INVITATION --name \"Its name\"",
            format_utc(until)
        ));
        global.say(&answer, text(&answer, "invitation"))
    }
}
