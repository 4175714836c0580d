//! `folkmoot register`

mod declare;
mod evidence;
mod recover;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{
    cbor::{Decode, Encode},
    key::SecretKey,
    record::{Grant, Purpose},
};
use register::begin::{Begin, Beginning};
use serde_json::{Value, json};

use self::recover::Recover;
pub(super) use self::{
    declare::{Declaring, successor},
    recover::waits,
};
use super::{root_key, table::text};
use crate::{
    cli::Global,
    control::{Access, Command, RootAct},
    directory::DataDirectory,
    failure::{Failure, Outcome},
    joining,
    keyfile::Role,
};

/// Show the register, in which outcomes become final, or begin it
#[derive(Debug, Args)]
pub struct Register {
    #[command(subcommand)]
    command: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Go on without servers that are gone for good, more than may be away
    Recover(Recover),
    /// Show who signed two things that exclude each other, and write files that prove it
    ///
    /// A liar does so, a thief of a key, and a copied data directory. As long as no more than a third of
    /// the validators do, nothing that is decided is touched. Whoever gets a file verifies it with
    /// folkmoot verify, without a node.
    Evidence {
        /// Write each to a file of this folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Give this node another validator key, after the old one or its journal was lost
    ///
    /// A new member gives it its first one: the key that its node has and that signed nothing yet, with which
    /// the running node closes votes from the next height on. A key that follows another takes over as soon as
    /// the other validators have decided a height with it: then restart the node, and the old key is
    /// overwritten. Until then the old one goes on, if it can. Run again, it says how far that is.
    Key {
        /// Declare another key though the one that this node has is in force
        #[arg(long)]
        another: bool,
        /// This co-op's root key, if it is not in the data directory
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
    },
    /// Witness and close votes with this node no longer
    LeaveOffice {
        /// This co-op's root key, if it is not in the data directory
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
    },
    /// Object to a vote that would replace this co-op's root key: the key is not lost
    Object {
        /// This co-op's root key, if it is not in the data directory
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
    },
    /// Begin the register, as a founder
    ///
    /// Every founder with a node runs this once, so that its node may close votes; who runs it when
    /// all have done so proposes the beginning, and the others run it again to sign it. It begins
    /// when more than half of the founders have signed. Votes that are open are opened again then;
    /// what was decided before stays provisional.
    Begin {
        /// This co-op's root key, if it is not in the data directory
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
    },
}

impl Register {
    /// Runs the command.
    pub async fn run(self, global: &Global) -> Outcome {
        let directory = global.directory()?;
        if !matches!(self.command, Some(What::Evidence { .. })) {
            joining::check_member(&directory)?;
        }
        let access = Access::open(&directory).await?;
        let done = match &self.command {
            None => show(global, &access).await,
            Some(What::Recover(recover)) => recover.run(global, &directory, &access).await,
            Some(What::Evidence { out }) => evidence::run(global, &access, out.as_deref()).await,
            Some(What::Key {
                another,
                root_key: file,
            }) => declare::key(global, &directory, &access, (file.as_deref(), *another)).await,
            Some(What::LeaveOffice { root_key: file }) => {
                declare::leave_office(global, &directory, &access, file.as_deref()).await
            }
            Some(What::Object { root_key: file }) => {
                declare::object(global, &directory, &access, file.as_deref()).await
            }
            Some(What::Begin { root_key: file }) => match root_key(&directory, file.as_deref()) {
                Ok(root) => begin(global, &directory, &access, &root).await,
                Err(failure) => Err(failure),
            },
        };
        access.close().await?;
        done
    }
}

fn list(value: &Value) -> Vec<&str> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).collect()
}

async fn show(global: &Global, access: &Access) -> Outcome {
    let mut answer = access.call(Command::Register).await?;
    let mut said = match &answer["register"] {
        Value::Null => "The register has not begun: outcomes are provisional.".to_owned(),
        register => format!(
            "Height {}, {} open. Validators: {} (of whom {} may be away or lie).",
            register["height"],
            register["open"],
            list(&register["validators"]).join(", "),
            register["faulty"],
        ),
    };
    for one in answer["register"]["final"].as_array().into_iter().flatten() {
        let title = one["title"].as_str().unwrap_or("?");
        let (by, ending) = (text(one, "by"), text(one, "ending"));
        said.push_str(&format!("\n{:>6}  {ending}  {title} ({by})", one["height"]));
        if let Some(why) = one["without_effect"].as_str() {
            said.push_str(&format!(". It had no effect: {why}"));
        }
    }
    for pending in answer["pending"].as_array().into_iter().flatten() {
        if answer["register"].is_null() {
            said.push_str(&format!(
                "\nA beginning with {} members is signed by {} ({} are needed).",
                pending["members"],
                list(&pending["signed"]).join(", "),
                pending["needed"],
            ));
        }
    }
    for waits in answer["waits"].as_array().into_iter().flatten() {
        said.push_str(&format!("\n{}", recover::waits(waits)));
    }
    if let Some(trouble) = answer["trouble"].as_str() {
        said.push_str(&format!("\nTrouble: {trouble}."));
    }
    if let Some(successor) = successor(&answer["office"]) {
        said.push_str(&format!("\n{successor}"));
    }
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("draft");
        let recovery = fields.remove("recovery").unwrap_or_default();
        said.push_str(&recover::words(&recovery));
        if let Some(known) = recovery["known"]
            .as_array()
            .filter(|known| !known.is_empty())
        {
            fields.insert("recoveries".to_owned(), json!(known));
        }
    }
    global.say(&answer, said)
}

async fn begin(
    global: &Global,
    directory: &DataDirectory,
    access: &Access,
    root: &SecretKey,
) -> Outcome {
    let mut answer = access.call(Command::Register).await?;
    if !answer["register"].is_null() {
        return Err(Failure::refused("the register has begun").hint("folkmoot register shows it"));
    }
    let strange = || Failure::refused("the node answered something this release cannot read");
    let federation = text(&answer, "federation").parse().map_err(|_| strange())?;
    if answer["own"] != true {
        let key = directory.key(Role::Validator)?;
        let member = domain::id::MemberId(root.public().0);
        let purpose = Purpose::Validator;
        let proof = Grant::prove(&key, &federation, &member, purpose, None);
        let grant = RootAct::Grant {
            purpose: "validator".to_owned(),
            key: key.public().to_string(),
            person: None,
            roles: Vec::new(),
            custody: "node".to_owned(),
            proof: Some(hex::encode(proof.0)),
        };
        access.sign_and_submit(root, grant).await?;
        answer = access.call(Command::Register).await?;
    }
    let missing = list(&answer["missing"]);
    let all = || answer["pending"].as_array().into_iter().flatten();
    let own = root.public().to_string();
    if let Some(signed) = all().find(|pending| list(&pending["roots"]).contains(&&*own)) {
        // Never a second one: two beginnings that enough have signed end the register.
        let signatures = list(&signed["signed"]).len();
        let json = json!({ "signed": true, "signatures": signatures, "needed": signed["needed"] });
        let said = format!(
            "You have signed, with {signatures} of {} that are needed. The others run folkmoot register \
             begin.",
            signed["needed"]
        );
        return global.say(&json, said);
    }
    // Of several the one that most have signed.
    let pending = all().max_by_key(|pending| list(&pending["signed"]).len());
    if pending.is_none() && !missing.is_empty() {
        let json = json!({ "signed": false, "missing": missing });
        let said = format!(
            "This node may close votes. Still to run folkmoot register begin: {}. Then run it again.",
            missing.join(", ")
        );
        return global.say(&json, said);
    }
    let bytes = pending.map_or(&answer["draft"], |pending| &pending["begin"]);
    let bytes = bytes.as_str().and_then(|bytes| hex::decode(bytes).ok());
    let begin = Begin::from_bytes(&bytes.ok_or_else(strange)?).map_err(|_| strange())?;
    let signatures = vec![begin.sign(&federation, root)];
    let beginning = Beginning { begin, signatures };
    let act = RootAct::BeginRegister {
        beginning: hex::encode(beginning.to_bytes()),
    };
    access.sign_and_submit(root, act).await?;
    let before = pending.map_or(0, |pending| list(&pending["signed"]).len());
    let needed = pending.map_or(&Value::Null, |pending| &pending["needed"]);
    let answer = access.call(Command::Register).await?;
    let json = json!({ "signed": true, "signatures": before + 1, "needed": needed });
    let said = match &answer["register"] {
        Value::Null => "Signed. It begins when more than half of the founders have signed: the \
            others run folkmoot register begin."
            .to_owned(),
        _ => "Signed. The register has begun: votes that are opened now become final.".to_owned(),
    };
    global.say(&json, said)
}
