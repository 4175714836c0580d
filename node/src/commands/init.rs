//! `folkmoot init`

use std::{fs, path::PathBuf};

use clap::Args;
use domain::{
    charter::Charter,
    genesis::{Founder, Genesis},
    key::SecretKey,
};
use federation::Act;
use serde_json::json;

use crate::{
    cli::Global,
    directory::{DataDirectory, read_genesis},
    failure::{Failure, Outcome},
    founding,
    keyfile::{self, Role},
    opening,
};

/// Found a federation, or prepare this machine for one
///
/// Alone, in one command:
///   folkmoot init --found "Name of the federation" --name "Name of your co-op"
///
/// With others:
///   1. each founder:  folkmoot init --prepare --name "Name of its co-op"
///      and sends the line it prints, `name=…,class=…,root=did:key:…`, to one of them;
///   2. this one:      folkmoot init --found "Name" --founder "name=…,class=…,root=…" --founder …
///      (its own line is added by itself) and sends the file `genesis` to the others;
///   3. each other:    folkmoot init --genesis FILE --bootstrap ADDRESS-OF-A-NODE
///
/// Then each: folkmoot run
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Init {
    /// Make keys and print this co-op's founder line
    #[arg(long, conflicts_with_all = ["found", "genesis", "charter_template"])]
    prepare: bool,
    /// Found a federation of this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["genesis", "charter_template"])]
    found: Option<String>,
    /// A founder, as its own `init --prepare` prints it; once for each
    #[arg(long, value_name = "name=…,class=…,root=…", requires = "found")]
    founder: Vec<String>,
    /// The charter, as a TOML file [default: see --charter-template]
    #[arg(long, value_name = "FILE", requires = "found")]
    charter: Option<PathBuf>,
    /// Sign the genesis that another founder made
    #[arg(long, value_name = "FILE", conflicts_with = "charter_template")]
    genesis: Option<PathBuf>,
    /// The address of another founder's node, such as /ip4/192.0.2.1/tcp/7181
    #[arg(long, value_name = "ADDRESS")]
    bootstrap: Vec<String>,
    /// The name of this co-op
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Its class [default: producer]
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Print the default charter, with comments
    #[arg(long)]
    charter_template: bool,
}

impl Init {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        if self.charter_template {
            let text = Charter::default_toml();
            return global.say(&json!({ "charter": text }), text);
        }
        for address in &self.bootstrap {
            network::check_multiaddr(address)
                .map_err(|error| Failure::usage(format!("--bootstrap: {error}")))?;
        }
        if self.prepare {
            return self.prepare(global);
        }
        if let Some(path) = &self.genesis {
            return self.sign(global, path).await;
        }
        if let Some(name) = &self.found {
            return self.found(global, name).await;
        }
        Err(
            Failure::usage("say what to begin with: --found, --prepare or --genesis")
                .hint("folkmoot init --help"),
        )
    }

    fn name(&self) -> Outcome<&str> {
        self.name.as_deref().ok_or_else(|| {
            Failure::usage("the name of your co-op is missing").hint("add --name \"Our Co-op\"")
        })
    }

    fn class(&self) -> &str {
        self.class.as_deref().unwrap_or("producer")
    }

    /// The name and class of this co-op: as it was prepared here, else as the command says.
    fn own(&self, global: &Global) -> Outcome<(String, String)> {
        let Some(prepared) = prepared_line(&global.directory()?)? else {
            return Ok((self.name()?.to_owned(), self.class().to_owned()));
        };
        for (option, said, prepared) in [
            ("--name", &self.name, &prepared.name),
            ("--class", &self.class, &prepared.class),
        ] {
            if let Some(said) = said.as_ref().filter(|said| *said != prepared) {
                return Err(Failure::usage(format!(
                    "{option} is {said:?}, and this co-op was prepared as {prepared:?}: the line that the \
                     others have says so"
                ))
                .hint(format!(
                    "leave {option} out, or prepare another directory: --data DIR"
                )));
            }
        }
        Ok((prepared.name, prepared.class))
    }

    /// The directory with keys: those made before, or new ones.
    fn keys(&self, global: &Global) -> Outcome<(DataDirectory, SecretKey)> {
        let directory = DataDirectory::create(global.directory()?.path())?;
        if directory.has_genesis() {
            let genesis = directory.genesis()?;
            return Err(Failure::configuration(format!(
                "{} belongs to the federation {:?} already",
                directory.path().display(),
                genesis.name
            ))
            .hint(format!(
                "choose another directory: --data DIR. To begin again with the same keys, remove the files \
                 genesis, first-sign-in and folkmoot.db with all that begins with folkmoot.db in {}",
                directory.path().display()
            )));
        }
        if directory.is_prepared() {
            let root = directory.key(Role::Root)?;
            return Ok((directory, root));
        }
        let root = founding::prepare(&directory, self.name()?, &self.bootstrap)?;
        Ok((directory, root))
    }

    fn prepare(&self, global: &Global) -> Outcome {
        let name = self.name()?;
        if global.directory()?.is_prepared() {
            return Err(Failure::configuration(format!(
                "{} has keys already",
                global.directory()?.path().display()
            ))
            .hint("choose another directory: --data DIR"));
        }
        let (directory, root) = self.keys(global)?;
        let line = founder_line(name, self.class(), &root);
        keyfile::write_private(
            &directory.founder_line_path(),
            format!("{line}\n").as_bytes(),
        )?;
        global.note(format!(
            "Made the keys of {name} in {}. Send this line to the founder who makes the genesis:",
            directory.path().display()
        ));
        global.say(
            &json!({ "name": name, "class": self.class(), "root": root.public().to_string(),
                     "line": line }),
            &line,
        )
    }

    async fn found(&self, global: &Global, federation: &str) -> Outcome {
        let charter = match &self.charter {
            Some(path) => read_charter(path)?,
            None => Charter::default(),
        };
        let mut founders = Vec::new();
        for line in &self.founder {
            founders.push(parse_founder(line)?);
        }
        founding::check_name("federation's name", federation)?;
        let own = match self.prepared_here(global, &founders)? {
            true => None,
            false => Some(self.own(global)?),
        };
        if let Some((name, class)) = &own {
            founding::check_class(&charter, class)?;
            founding::check_name("name", name)?;
        }
        for founder in &founders {
            founding::check_class(&charter, &founder.class)?;
        }
        let (directory, root) = self.keys(global)?;
        if let Some((name, class)) = own {
            let root = root.public();
            founders.push(Founder { root, name, class });
        }
        let genesis = founding::genesis(federation, founders, &charter)?;
        self.begin(global, &directory, &root, &genesis, true).await
    }

    /// Whether this directory's root key is among the founders' lines.
    fn prepared_here(&self, global: &Global, founders: &[Founder]) -> Outcome<bool> {
        let directory = global.directory()?;
        if !directory.is_prepared() || !directory.key_path(Role::Root).exists() {
            return Ok(false);
        }
        let root = directory.key(Role::Root)?.public();
        Ok(founders.iter().any(|founder| founder.root == root))
    }

    async fn sign(&self, global: &Global, path: &std::path::Path) -> Outcome {
        let genesis = read_genesis(path)?;
        let directory = global.directory()?;
        if !directory.is_prepared() {
            return Err(Failure::configuration(format!(
                "{} has no keys, so none of its keys can be a founder's",
                directory.path().display()
            ))
            .hint(
                "folkmoot init --prepare --name \"Name of your co-op\", before the genesis is made",
            ));
        }
        let (directory, root) = self.keys(global)?;
        if genesis.founder(&root.public()).is_none() {
            let names: Vec<&str> = genesis.founders.iter().map(|f| f.name.as_str()).collect();
            return Err(Failure::refused(format!(
                "the root key of this directory is not among the founders of {:?} ({})",
                genesis.name,
                names.join(", ")
            ))
            .hint("send the line of folkmoot init --prepare to the founder who made the genesis"));
        }
        if !self.bootstrap.is_empty() {
            add_bootstrap(&directory, &self.bootstrap)?;
        }
        self.begin(global, &directory, &root, &genesis, false).await
    }

    /// Signs this member's part and says what comes next.
    async fn begin(
        &self,
        global: &Global,
        directory: &DataDirectory,
        root: &SecretKey,
        genesis: &Genesis,
        is_maker: bool,
    ) -> Outcome {
        sign_part(directory, root, genesis).await?;
        let charter = Charter::decode(&genesis.charter).map_err(|error| {
            Failure::configuration("this release cannot read the charter").because(error)
        })?;
        let founders: Vec<_> = genesis
            .founders
            .iter()
            .map(|f| json!({ "name": f.name, "class": f.class, "root": f.root.to_string() }))
            .collect();
        let json = json!({
            "federation": genesis.federation().to_string(),
            "name": genesis.name,
            "founders": founders,
            "data": directory.path(),
            "genesis": directory.genesis_path(),
        });
        global.say(&json, summary(directory, genesis, &charter, is_maker))
    }
}

/// Writes the genesis and this member's first entries.
pub async fn sign_part(directory: &DataDirectory, root: &SecretKey, genesis: &Genesis) -> Outcome {
    founding::write_genesis(directory, genesis)?;
    let running = opening::restore(directory).await?.start(None, false);
    let handle = running.handle.clone();
    let begun = async {
        handle.act(root.clone(), Act::Found).await?;
        founding::begin_member(directory, &handle, root).await
    };
    let begun = begun.await;
    opening::close(running).await?;
    begun
}

fn founder_line(name: &str, class: &str, root: &SecretKey) -> String {
    format!("name={name},class={class},root={}", root.public())
}

/// The founder line that was prepared in this directory, if its keys are those of the line.
fn prepared_line(directory: &DataDirectory) -> Outcome<Option<Founder>> {
    let path = directory.founder_line_path();
    if !path.exists() || !directory.key_path(Role::Root).exists() {
        return Ok(None);
    }
    let line = fs::read_to_string(&path).map_err(|error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    })?;
    let founder = parse_founder(&line)?;
    let root = directory.key(Role::Root)?.public();
    Ok((founder.root == root).then_some(founder))
}

/// Reads `name=…,class=…,root=…`. A name may contain commas: the fields are found by their names.
fn parse_founder(line: &str) -> Outcome<Founder> {
    let bad = |problem: &str| {
        Failure::usage(format!("{line:?} is no founder line: {problem}"))
            .hint("copy the line that folkmoot init --prepare printed")
    };
    let rest = line
        .trim()
        .strip_prefix("name=")
        .ok_or_else(|| bad("it does not begin with name="))?;
    let (name, rest) = rest
        .rsplit_once(",class=")
        .ok_or_else(|| bad("it has no ,class="))?;
    let (class, root) = rest
        .split_once(",root=")
        .ok_or_else(|| bad("it has no ,root="))?;
    let root = root
        .parse()
        .map_err(|error| bad(&format!("root: {error}")))?;
    Ok(Founder {
        root,
        name: name.to_owned(),
        class: class.to_owned(),
    })
}

/// Reads a charter file.
pub fn read_charter(path: &std::path::Path) -> Outcome<Charter> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::configuration(format!("cannot read the charter {}", path.display())).because(error)
    })?;
    Charter::from_toml(&text).map_err(|error| {
        Failure::configuration(format!("{}: {error}", path.display()))
            .hint("folkmoot init --charter-template shows every key with its meaning")
    })
}

fn add_bootstrap(directory: &DataDirectory, addresses: &[String]) -> Outcome {
    let path = directory.config_path();
    let failed = |error: std::io::Error| {
        Failure::configuration(format!("cannot change {}", path.display())).because(error)
    };
    let text = fs::read_to_string(&path).map_err(failed)?;
    let quoted: Vec<String> = addresses
        .iter()
        .map(|address| toml::Value::String(address.clone()).to_string())
        .collect();
    let line = format!("bootstrap = [{}]", quoted.join(", "));
    let lines: Vec<&str> = text
        .lines()
        .map(|old| {
            if old.starts_with("bootstrap = ") {
                &line
            } else {
                old
            }
        })
        .collect();
    fs::write(&path, lines.join("\n") + "\n").map_err(failed)
}

fn summary(
    directory: &DataDirectory,
    genesis: &Genesis,
    charter: &Charter,
    is_maker: bool,
) -> String {
    let terms = charter.terms();
    let mut text = format!(
        "The federation {:?}\n  id        {}\n",
        genesis.name,
        genesis.federation()
    );
    for founder in &genesis.founders {
        text += &format!(
            "  founder   {} ({}) {}\n",
            founder.name, founder.class, founder.root
        );
    }
    text += &format!("  charter   {:?}\n", terms.title);
    let rules: Vec<&str> = terms.rules.iter().map(|rule| rule.as_str()).collect();
    text += &format!(
        "            rules: {}; by default {}\n            votes are open {}, urgent ones {}\n",
        rules.join(", "),
        terms.default_rule.as_str(),
        duration(terms.periods.regular_seconds),
        duration(terms.periods.urgent_seconds)
    );
    text += &format!("{}\n", founding::absences(genesis.founders.len()));
    let others = genesis.founders.len() - 1;
    if others > 0 {
        let signed = match others {
            1 => "the other founder has signed".to_owned(),
            _ => format!("the other {others} founders have signed"),
        };
        text += &match is_maker {
            true => format!(
                "It stands when {signed} too: send each the file\n  {}\nand have it run folkmoot init \
                 --genesis FILE --bootstrap ADDRESS.\n",
                directory.genesis_path().display()
            ),
            false => format!(
                "Compare the id with the founder who made the file: who has another id is in another \
                 federation.\nYou have signed. It stands when {signed} too.\n"
            ),
        };
    }
    text + &format!("Next: folkmoot run --data {}\n", directory.path().display())
}

/// A span of seconds for people.
pub fn duration(seconds: u64) -> String {
    for (unit, length) in [("day", 86_400), ("hour", 3_600), ("minute", 60)] {
        if seconds >= length && seconds.is_multiple_of(length) {
            let count = seconds / length;
            return format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
        }
    }
    format!("{seconds} seconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_founder_line_comes_back_even_with_commas_in_the_name() {
        let root = SecretKey::from_seed(&[1; 32]);
        let line = founder_line("Bread, Roses & Co", "producer", &root);
        let founder = parse_founder(&line).unwrap();
        assert_eq!(founder.name, "Bread, Roses & Co");
        assert_eq!(
            (founder.class.as_str(), founder.root),
            ("producer", root.public())
        );
        for bad in ["", "name=a", "name=a,class=b", "name=a,class=b,root=c"] {
            assert!(parse_founder(bad).is_err());
        }
    }

    #[test]
    fn spans_are_said_in_the_largest_whole_unit() {
        for (seconds, text) in [
            (604_800, "7 days"),
            (3_600, "1 hour"),
            (180, "3 minutes"),
            (90, "90 seconds"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
