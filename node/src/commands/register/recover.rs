//! `folkmoot register recover`: what organisations sign when servers are gone for good.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{
    cbor::{Decode, Encode},
    id::{FederationId, MemberId, Timestamp},
    key::SecretKey,
};
use federation::format_utc;
use register::recovery::{Recovery, Stage};
use serde_json::{Value, json};

use super::list;
use crate::{
    cli::Global,
    clock,
    commands::{root_key, table::text},
    control::{Access, Command, RootAct, not_begun},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    keyfile::Role,
};

/// Go on without servers that are gone for good
///
/// Two thirds of the organisations with a node announce with their root keys who is gone. When the
/// notice is over, as many confirm it; whoever is not gone objects before. A root key that is kept
/// elsewhere, that of an organisation whose server is gone too, signs at any node: --root-key.
#[derive(Debug, Args)]
pub struct Recover {
    #[command(subcommand)]
    command: Option<What>,
    /// The root key that signs, if it is not in the data directory
    #[arg(long, global = true, value_name = "FILE")]
    root_key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show which recoveries are announced, and where each stands
    State,
    /// Announce that the servers of these co-ops are gone for good
    Announce {
        /// A co-op whose server is gone, by its name or id; as often as needed
        #[arg(long, required = true, value_name = "CO-OP")]
        gone: Vec<String>,
        /// Though a node of one of them is connected: what it lost is its validator key
        #[arg(long)]
        key_lost: bool,
    },
    /// Sign what another organisation announced
    Sign {
        /// Which, by the first digits of its hash [default: the only one]
        hash: Option<String>,
    },
    /// Confirm it, when the notice is over and nobody has shown itself
    Confirm {
        /// Which, by the first digits of its hash [default: the only one]
        hash: Option<String>,
    },
    /// Object: the server of this co-op is not gone
    Object {
        /// Which, by the first digits of its hash [default: the only one]
        hash: Option<String>,
    },
}

fn strange() -> Failure {
    Failure::refused("the node answered something this release cannot read")
}

fn date(milliseconds: &Value) -> String {
    format_utc(Timestamp(milliseconds.as_u64().unwrap_or(0)))
}

/// For whom something waits, and since when.
pub fn waits(waits: &Value) -> String {
    let what = match waits["title"].as_str() {
        Some(title) => format!("The closing of {title}"),
        None => format!("Height {}", waits["height"]),
    };
    let (since, whom) = (date(&waits["since_ms"]), list(&waits["members"]).join(", "));
    format!("{what} waits for {whom}, since {since}.")
}

/// Where recoveries stand, a line for each; nothing if there is none.
pub fn words(recovery: &Value) -> String {
    let known = recovery["known"].as_array().into_iter().flatten();
    let line = |one: &Value| {
        let hash: String = text(one, "hash").chars().take(8).collect();
        let (gone, needed) = (list(&one["gone"]).join(", "), &recovery["needed"]);
        let stands = match text(one, "state").as_str() {
            _ if one["followed"] == true => {
                format!("in force since {}", date(&one["in_force_since_ms"]))
            }
            "announcing" => format!(
                "announced by {}; {needed} are needed",
                list(&one["announced"]).join(", ")
            ),
            "notice" => format!("announced; to be confirmed from {}", date(&one["until_ms"])),
            "confirming" => format!(
                "to be confirmed now, by {needed}; confirmed by {}",
                match list(&one["confirmed"]) {
                    nobody if nobody.is_empty() => "nobody".to_owned(),
                    some => some.join(", "),
                }
            ),
            "stopped" => format!(
                "stopped: {} showed itself on {}",
                text(one, "member"),
                date(&one["reappeared_ms"])
            ),
            "disputed" => format!(
                "confirmed though {} had shown itself on {}",
                text(one, "member"),
                date(&one["reappeared_ms"])
            ),
            "refused" => text(one, "why"),
            other => other.to_owned(),
        };
        format!(
            "\nRecovery {hash} after height {}, without {gone}: {stands}.",
            one["height"]
        )
    };
    known.map(line).collect()
}

/// What is signed, and by whom.
struct Signing {
    federation: FederationId,
    root: SecretKey,
    /// What the register says.
    recovery: Value,
}

impl Recover {
    /// Runs the command.
    pub async fn run(
        &self,
        global: &Global,
        directory: &DataDirectory,
        access: &Access,
    ) -> Outcome {
        let answer = access.call(Command::Register).await?;
        let recovery = answer["recovery"].clone();
        if recovery.is_null() {
            return Err(not_begun());
        }
        let Some(what) = self
            .command
            .as_ref()
            .filter(|what| !matches!(what, What::State))
        else {
            let said = match words(&recovery) {
                none if none.is_empty() => "No recovery is announced.".to_owned(),
                some => some.trim_start().to_owned(),
            };
            return global.say(&json!({ "recoveries": recovery["known"] }), said);
        };
        let signing = Signing {
            federation: text(&answer, "federation").parse().map_err(|_| strange())?,
            root: root_key(directory, self.root_key.as_deref())?,
            recovery,
        };
        let (stage, recovery) = match what {
            What::State => return Ok(()),
            What::Announce { gone, key_lost } => {
                let recovery = signing.announced(gone)?;
                signing.check_gone(&recovery.gone, *key_lost)?;
                (Stage::Announce, recovery)
            }
            What::Sign { hash } => (
                Stage::Announce,
                signing.known(hash.as_deref(), "announcing")?,
            ),
            What::Confirm { hash } => (
                Stage::Confirm,
                signing.known(hash.as_deref(), "confirming")?,
            ),
            What::Object { hash } => (Stage::Object, signing.known(hash.as_deref(), "")?),
        };
        signing.check(stage, &recovery)?;
        let voice = recovery.say(&signing.federation, stage, &signing.root, clock::now());
        let voice = hex::encode(voice.to_bytes());
        let act = RootAct::Recover { voice };
        // The voice is signed by the root key; what carries it is of this node's log. The root key of
        // another co-op must not write into its own log here, which may be longer elsewhere.
        let node = directory.key(Role::Node)?;
        access.sign_and_submit(&node, act).await?;
        let answer = access.call(Command::Register).await?;
        let stands = words(&answer["recovery"]);
        let hash = recovery.hash(&signing.federation).to_string();
        let said = format!("Signed.{stands}");
        global.say(&json!({ "signed": true, "recovery": hash }), said)
    }
}

impl Signing {
    fn all(&self, list: &str) -> impl Iterator<Item = &Value> {
        self.recovery[list].as_array().into_iter().flatten()
    }

    /// What this organisation announces: unless the same is announced already, then that.
    fn announced(&self, names: &[String]) -> Outcome<Recovery> {
        let mut gone: Vec<MemberId> = Vec::new();
        for name in names {
            let mut named = self.all("validators");
            let named = named.find(|one| one["name"] == **name || one["member"] == **name);
            let named = named.ok_or_else(|| {
                let known: Vec<String> = self
                    .all("validators")
                    .map(|one| text(one, "name"))
                    .collect();
                Failure::refused(format!("{name:?} closes no votes, so it cannot be gone"))
                    .hint(format!("those who do: {}", known.join(", ")))
            })?;
            gone.push(text(named, "member").parse().map_err(|_| strange())?);
        }
        gone.sort_unstable();
        gone.dedup();
        let all = self.all("validators").count();
        let bearable = all.div_ceil(3) - 1;
        if gone.len() <= bearable {
            return Err(Failure::refused(format!(
                "with up to {bearable} of {all} away the register goes on by itself"
            ))
            .hint("a co-op whose server is gone names another: folkmoot register key"));
        }
        if gone.len() == all {
            return Err(Failure::refused("no validator would remain")
                .hint("leave out those whose servers are there"));
        }
        for one in self.all("known").filter(|one| one["state"] != "stopped") {
            let known = read(one)?;
            if known.gone == gone && one["state"] != "refused" && one["followed"] != true {
                return Ok(known);
            }
        }
        let number = |field: &str| self.recovery[field].as_u64().ok_or_else(strange);
        Ok(Recovery {
            epoch: number("epoch")? + 1,
            height: number("height")?,
            last: text(&self.recovery, "last")
                .parse()
                .map_err(|_| strange())?,
            gone,
            time: clock::now(),
        })
    }

    /// The recovery meant: by its hash, else the only one that stands there.
    fn known(&self, hash: Option<&str>, state: &str) -> Outcome<Recovery> {
        let meant: Vec<&Value> = self
            .all("known")
            .filter(|one| match hash {
                Some(hash) => !hash.is_empty() && text(one, "hash").starts_with(hash),
                None if state.is_empty() => one["followed"] != true && one["state"] != "refused",
                None => one["state"] == state,
            })
            .collect();
        match *meant {
            [one] if one["followed"] == true => Err(Failure::refused("it is in force already")
                .hint("folkmoot register shows the validators")),
            [one] => read(one),
            [] => Err(match words(&self.recovery) {
                none if none.is_empty() => Failure::refused("no recovery is announced")
                    .hint("folkmoot register recover announce --gone CO-OP --gone CO-OP"),
                some => Failure::refused(format!("none waits for that:{some}")),
            }),
            _ => Err(
                Failure::refused(format!("several are known:{}", words(&self.recovery)))
                    .hint("name one by the first digits of its hash"),
            ),
        }
    }

    /// Refuses to call somebody gone that is there: its node would show that at once, and the recovery would
    /// be stopped.
    fn check_gone(&self, gone: &[MemberId], is_key_lost: bool) -> Outcome {
        let is_gone = |one: &&Value| {
            let member = text(one, "member").parse();
            member.is_ok_and(|member| gone.contains(&member))
        };
        for one in self.all("validators").filter(is_gone) {
            let name = text(one, "name");
            if one["own"] == true {
                return Err(Failure::refused(format!(
                    "this is the node of {name}: it is not gone"
                ))
                .hint("if its validator key is lost, the others announce that at their nodes"));
            }
            if one["connected"] == true && !is_key_lost {
                return Err(Failure::refused(format!(
                    "{name} is not gone: its node is connected to this one now"
                ))
                .hint("if it lost its validator key and cannot name another: --key-lost"));
            }
        }
        Ok(())
    }

    /// Refuses what would not count, or what an honest steward does not sign.
    fn check(&self, stage: Stage, recovery: &Recovery) -> Outcome {
        let root = self.root.public().to_string();
        let signer = self.all("organisations").find(|one| one["root"] == *root);
        let signer = signer.ok_or_else(|| {
            Failure::refused("this is no root key of an organisation with a node")
                .hint("name the file of one: --root-key FILE")
        })?;
        let hash = recovery.hash(&self.federation).to_string();
        let known = self.all("known").find(|one| one["hash"] == *hash);
        let state = known.map_or("announcing".to_owned(), |one| text(one, "state"));
        let state = state.as_str();
        let member = text(signer, "member").parse().map_err(|_| strange())?;
        if let Some(said) = known.filter(|one| has_said(one, stage, &text(signer, "member"))) {
            let name = text(signer, "name");
            let done = match stage {
                Stage::Announce => "signed",
                Stage::Confirm => "confirmed",
                Stage::Object => "objected to",
            };
            let stands = words(&json!({ "known": [said], "needed": self.recovery["needed"] }));
            return Err(
                Failure::refused(format!("{name} has {done} it already:{stands}"))
                    .hint("another organisation's root key is needed: --root-key FILE"),
            );
        }
        match stage {
            Stage::Announce if !matches!(state, "announcing" | "notice") => Err(Failure::refused(
                format!("it is {state}, and no longer to be signed"),
            )
            .hint("folkmoot register recover state")),
            Stage::Confirm if state == "notice" => {
                let until = known.map_or(String::new(), |one| date(&one["until_ms"]));
                Err(
                    Failure::refused(format!("the notice is not over before {until}"))
                        .hint("run this again then, if nobody has shown itself"),
                )
            }
            Stage::Confirm if state != "confirming" => Err(Failure::refused(format!(
                "it is {state}, and cannot be confirmed"
            ))
            .hint("folkmoot register recover state")),
            Stage::Object if !recovery.gone.contains(&member) => Err(Failure::refused(
                "nobody says that this co-op's server is gone",
            )
            .hint("whoever does not agree with a recovery does not sign it")),
            _ => Ok(()),
        }
    }
}

/// Whether a member has said that of a recovery.
fn has_said(known: &Value, stage: Stage, member: &str) -> bool {
    let word = match stage {
        Stage::Announce => "announce",
        Stage::Confirm => "confirm",
        Stage::Object => "object",
    };
    list(&known["said"][word]).contains(&member)
}

fn read(known: &Value) -> Outcome<Recovery> {
    let bytes = hex::decode(text(known, "recovery")).map_err(|_| strange())?;
    Recovery::from_bytes(&bytes).map_err(|_| strange())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The node of the first of three; the second is connected to it.
    fn signing() -> Signing {
        let validator = |byte: u8, own: bool, connected: bool| {
            json!({
                "member": MemberId([byte; 32]).to_string(),
                "name": format!("Co-op {byte}"),
                "own": own,
                "connected": connected,
            })
        };
        let all = [
            validator(1, true, false),
            validator(2, false, true),
            validator(3, false, false),
        ];
        Signing {
            federation: FederationId([5; 32]),
            root: SecretKey::from_seed(&[1; 32]),
            recovery: json!({ "validators": all }),
        }
    }

    #[test]
    fn nobody_is_called_gone_whose_node_is_there() {
        let signing = signing();
        let gone = |members: &[u8], is_key_lost| {
            let gone: Vec<MemberId> = members.iter().map(|byte| MemberId([*byte; 32])).collect();
            let checked = signing.check_gone(&gone, is_key_lost);
            checked.map_err(|failure| failure.message)
        };
        assert_eq!(gone(&[3], false), Ok(()));
        let connected = gone(&[2, 3], false).unwrap_err();
        assert!(connected.contains("Co-op 2 is not gone"), "{connected}");
        assert_eq!(gone(&[2, 3], true), Ok(()));
        for is_key_lost in [false, true] {
            let own = gone(&[1, 3], is_key_lost).unwrap_err();
            assert!(own.contains("this is the node of Co-op 1"), "{own}");
        }
    }

    #[test]
    fn a_recovery_in_force_says_since_when_whatever_is_judged_of_it_later() {
        let one = json!({
            "hash": "abcdef0123", "gone": ["Ash"], "height": 2, "followed": true,
            "state": "refused", "why": "it begins epoch 1", "in_force_since_ms": 1_790_000_000_000_u64,
        });
        let said = words(&json!({ "known": [one], "needed": 3 }));
        assert!(said.contains("in force since 20"), "{said}");
        assert!(!said.contains("epoch"), "{said}");
    }
}
