//! The command line: what can be typed, and how the answer leaves.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use domain::text::{shown_block, shown_json};
use serde_json::Value;

use crate::{
    commands,
    directory::DataDirectory,
    failure::{Failure, Kind, Outcome},
};

/// The node of a co-op of co-ops, and the commands to use it.
///
/// Start with `folkmoot demo` to look around, or with `folkmoot init --help` to found a federation.
///
/// Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 configuration or data
/// directory, 4 the node cannot be reached, 5 the store is damaged.
#[derive(Debug, Parser)]
#[command(name = "folkmoot", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The data directory [default: ~/.local/share/folkmoot]
    #[arg(long, global = true, value_name = "DIR", env = "FOLKMOOT_DATA")]
    pub data: Option<PathBuf>,
    /// The configuration [default: folkmoot.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE", env = "FOLKMOOT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Answer in JSON, errors too
    #[arg(long, global = true)]
    pub json: bool,
}

impl Global {
    /// The data directory.
    pub fn directory(&self) -> Outcome<DataDirectory> {
        if let Some(path) = &self.data {
            return Ok(DataDirectory::at(path).with_config(self.config.clone()));
        }
        let base = std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(|| {
                std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"))
            });
        let base = base.ok_or_else(|| {
            Failure::configuration("there is no home directory, so no default data directory")
                .hint("name one: --data DIR")
        })?;
        Ok(DataDirectory::at(base.join("folkmoot")).with_config(self.config.clone()))
    }

    /// Writes a result: the JSON, or the text for people.
    pub fn say(&self, json: &Value, text: impl AsRef<str>) -> Outcome {
        // Whoever wrote what is shown: it does not steer the terminal.
        let mut text = match self.json {
            true => shown_json(&json.to_string()),
            false => shown_block(text.as_ref().trim_end()),
        };
        text.push('\n');
        match std::io::stdout().lock().write_all(text.as_bytes()) {
            // Who reads has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::refused("cannot write the answer").because(error)),
            Ok(()) => Ok(()),
        }
    }

    /// Says something beside the result.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.json || std::io::stderr().is_terminal() {
            eprintln!("{}", shown_block(text.as_ref()));
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(commands::init::Init),
    Join(commands::join::Join),
    Invite(commands::invite::Invite),
    Admit(commands::admit::Admit),
    Key(commands::key::Key),
    Person(commands::person::Person),
    Node(commands::node::Node),
    Host(commands::host::Host),
    Run(commands::run::Run),
    Demo(commands::demo::Demo),
    Lab(commands::lab::Lab),
    Status(commands::status::Status),
    Members(commands::members::Members),
    Propose(commands::propose::Propose),
    Open(commands::open::Open),
    Amend(commands::amend::Amend),
    Withdraw(commands::withdraw::Withdraw),
    Vote(commands::vote::Vote),
    Comment(commands::comment::Comment),
    Report(commands::report::Report),
    Register(commands::register::Register),
    Charter(commands::charter::Charter),
    Document(commands::document::Document),
    Decisions(commands::decisions::Decisions),
    Show(commands::show::Show),
    Decision(commands::decision::Decision),
    Export(commands::export::Export),
    Leave(commands::leave::Leave),
    Verify(commands::verify::Verify),
    Server(commands::server::Server),
    Tenant(commands::tenant::Tenant),
    Meeting(commands::meeting::Meeting),
    Circle(commands::circle::Circle),
    Action(commands::action::Action),
    Token(commands::token::Token),
    Store(commands::store::Store),
    Config(commands::config::Config),
    Completions(commands::completions::Completions),
}

/// Parses, runs, and says what came of it.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not failures; a closed pipe is nobody's fault.
            let _ = error.print();
            return match error.exit_code() {
                0 => ExitCode::SUCCESS,
                _ => ExitCode::from(Kind::Usage as u8),
            };
        }
    };
    let global = cli.global.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(Failure::refused("the system starts no threads").because(error)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if global.json {
                println!("{}", shown_json(&failure.to_json().to_string()));
            }
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

async fn run(cli: Cli) -> Outcome {
    let global = &cli.global;
    match cli.command {
        Command::Init(command) => command.run(global).await,
        Command::Join(command) => command.run(global).await,
        Command::Invite(command) => command.run(global).await,
        Command::Admit(command) => command.run(global).await,
        Command::Register(command) => command.run(global).await,
        Command::Key(command) => command.run(global).await,
        Command::Person(command) => command.run(global).await,
        Command::Node(command) => command.run(global).await,
        Command::Host(command) => command.run(global).await,
        Command::Run(command) => command.run(global).await,
        Command::Demo(command) => command.run(global).await,
        Command::Lab(command) => command.run(global).await,
        Command::Status(command) => command.run(global).await,
        Command::Members(command) => command.run(global).await,
        Command::Propose(command) => command.run(global).await,
        Command::Open(command) => command.run(global).await,
        Command::Amend(command) => command.run(global).await,
        Command::Withdraw(command) => command.run(global).await,
        Command::Vote(command) => command.run(global).await,
        Command::Comment(command) => command.run(global).await,
        Command::Report(command) => command.run(global).await,
        Command::Charter(command) => command.run(global).await,
        Command::Document(command) => command.run(global).await,
        Command::Decisions(command) => command.run(global).await,
        Command::Show(command) => command.run(global).await,
        Command::Decision(command) => command.run(global).await,
        Command::Export(command) => command.run(global).await,
        Command::Leave(command) => command.run(global).await,
        Command::Verify(command) => command.run(global),
        Command::Server(command) => command.run(global).await,
        Command::Tenant(command) => command.run(global).await,
        Command::Meeting(command) => command.run(global).await,
        Command::Circle(command) => command.run(global).await,
        Command::Action(command) => command.run(global).await,
        Command::Token(command) => command.run(global).await,
        Command::Store(command) => command.run(global).await,
        Command::Config(command) => command.run(global),
        Command::Completions(command) => command.run(global),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn every_command_and_argument_is_named_once() {
        Cli::command().debug_assert();
    }
}
