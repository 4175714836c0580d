//! `folkmoot host join` and `host sign`: a member without a node, whose keys stay where they are.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use domain::{
    cbor::Encode,
    charter::Charter,
    effect::Applicant,
    id::{FederationId, MemberId, PersonId},
    key::{PublicKey, SecretKey},
    record::{self, Grant, Purpose, Record},
};
use serde_json::{Value, json};

use super::{
    admit::standing,
    join::terms,
    table::text,
    token::{keep, password},
};
use crate::{
    api::Api,
    cli::Global,
    clock, device,
    failure::{Failure, Outcome},
    joining::ToAll,
    keyfile::{self, Role},
    strangers::application_proof,
};

/// What a newcomer says to those who admit.
#[derive(Debug, Args)]
pub struct Words {
    /// What to say to those who admit: who you are, and why you ask
    #[arg(long, value_name = "TEXT")]
    request: Option<String>,
    /// What you commit yourselves to, in one line
    #[arg(long, value_name = "TEXT")]
    contribution: Option<String>,
    /// The beginning of the hash of the charter that you have read and accept
    #[arg(long, value_name = "HASH")]
    accept_charter: Option<String>,
}

/// What a newcomer chooses.
pub struct Choices {
    pub name: String,
    pub class: String,
    pub person: String,
    pub words: Words,
}

fn root_path(keys: &Path) -> PathBuf {
    keys.join("root.key")
}

fn person_path(keys: &Path) -> PathBuf {
    keys.join("person.key")
}

fn federation_path(keys: &Path) -> PathBuf {
    keys.join("federation")
}

/// The federation that was joined: no node can have these keys sign for another one.
fn pinned(keys: &Path) -> Outcome<String> {
    let path = federation_path(keys);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::configuration(format!("cannot read {}", path.display())).because(error)
    })?;
    Ok(text.trim().to_owned())
}

/// The key of a file, made if the file is not there: a second try goes on with the same keys.
fn key(path: &Path, role: Role) -> Outcome<SecretKey> {
    match path.exists() {
        true => keyfile::read(path, role),
        false => keyfile::create(path, role),
    }
}

/// Applies with keys of one's own, and keeps a token for the host's node.
pub async fn join(
    global: &Global,
    link: &str,
    choices: Choices,
    (keys, token): (&Path, &Path),
    password_file: Option<PathBuf>,
) -> Outcome {
    let (base, secret) = link.split_once("/join/").ok_or_else(|| {
        Failure::usage("the link is not whole").hint("copy all of it, with its …/join/…")
    })?;
    if token.exists() {
        return Err(
            Failure::configuration(format!("{} holds a token already", token.display()))
                .hint("remove the file, or name another: --token-file FILE"),
        );
    }
    let password = password(password_file)?;
    let mut api = Api::at(base)?;
    let path = format!("/api/join/{secret}");
    let invitation = api.get(&path).await?;
    let strange = |_| Failure::refused("the host named no federation");
    let federation: FederationId = text(&invitation, "federation").parse().map_err(strange)?;
    let quoted = |word: &str| terms::quoted(word);
    let command = [
        "folkmoot host join LINK --name".to_owned(),
        quoted(&choices.name),
        "--class".to_owned(),
        quoted(&choices.class),
        "--keys".to_owned(),
        quoted(&keys.display().to_string()),
    ];
    // Nothing is made before the charter is accepted, where that is asked.
    let asked = Asked {
        words: &choices.words,
        keys,
        federation_name: &text(&invitation, "name"),
        earlier: None,
        command: &command,
    };
    let to_all = asked.accepted(global, &invitation["charter"])?;
    let root = key(&root_path(keys), Role::Root)?;
    let own = key(&person_path(keys), Role::Person)?;
    let (person, member) = (PersonId(clock::random()?), MemberId(root.public().0));
    let application = application_proof(&federation, &root, &choices.name, &choices.class);
    let purpose = Purpose::Person;
    let grant = Grant::prove(&own, &federation, &member, purpose, Some(person));
    let of = (&*choices.name, &*choices.class);
    let applicant = to_all
        .as_ref()
        .map(|to_all| signed(&federation, &root, of, to_all, &invitation["host_id"]))
        .transpose()?;
    let body = json!({
        "member_name": choices.name, "class": choices.class,
        "request": choices.words.request.clone().unwrap_or_default(),
        "applicant": applicant,
        "name": choices.person, "password": *password,
        "root": root.public().to_string(), "application": hex::encode(application.0),
        "person": person.to_string(), "key": own.public().to_string(),
        "grant": hex::encode(grant.0),
    });
    let answer = api.post(&path, &body).await?;
    if !federation_path(keys).exists() {
        let line = format!("{federation}\n");
        keyfile::write_private(&federation_path(keys), line.as_bytes())?;
    }
    let fields = [("name", &*choices.person), ("password", password.as_str())];
    api.enter("/sign-in", &fields).await?;
    let label = json!({ "label": "folkmoot host join" });
    let made = api.post("/api/tokens", &label).await?;
    keep(token, &text(&made, "token"))?;
    let who = match to_all {
        Some(_) => "the members have",
        None => "the founders have",
    };
    let said = format!(
        "You applied as {:?} through {}. The keys are in {keys} alone: keep a copy in a safe place.\n\
         Once {who} admitted you: folkmoot host sign --keys {keys} --node {base}",
        choices.name,
        text(&invitation, "host"),
        keys = keys.display(),
    );
    global.say(&answer, said)
}

/// A newcomer that is asked to accept the charter in force.
struct Asked<'a> {
    words: &'a Words,
    /// Where its keys are, and the charter is kept.
    keys: &'a Path,
    federation_name: &'a str,
    earlier: Option<ToAll>,
    command: &'a [String],
}

impl Asked<'_> {
    /// What it says to all members once it has accepted the charter; nothing where founders admit. The
    /// hash is computed here: a host cannot have another charter accepted than the one it shows.
    fn accepted(&self, global: &Global, charter: &Value) -> Outcome<Option<ToAll>> {
        if charter.is_null() {
            return Ok(None);
        }
        let strange = || {
            Failure::refused("the host's charter cannot be read by this release")
                .hint("update folkmoot on one side")
        };
        let bytes = URL_SAFE_NO_PAD.decode(text(charter, "encoded"));
        let bytes = bytes.map_err(|error| strange().because(error))?;
        let charter = Charter::decode(&bytes).map_err(|error| strange().because(error))?;
        let offer = terms::Offer {
            federation: self.federation_name,
            charter: &charter,
            file: &self.keys.join("charter.toml"),
            earlier: self.earlier.clone(),
            request: self.words.request.as_deref(),
            contribution: self.words.contribution.as_deref(),
            accept_charter: self.words.accept_charter.as_deref(),
            command: self.command,
        };
        terms::accepted(&offer, global).map(Some)
    }
}

/// What a root key says to all members, as the host's node takes it.
fn signed(
    federation: &FederationId,
    root: &SecretKey,
    (name, class): (&str, &str),
    to_all: &ToAll,
    host: &Value,
) -> Outcome<String> {
    let strange = || Failure::refused("the host named no member that serves you");
    let host: MemberId = host
        .as_str()
        .unwrap_or_default()
        .parse()
        .map_err(|_| strange())?;
    let terms = to_all.terms.parse().map_err(|_| strange())?;
    let applicant = Applicant::sign(
        federation,
        root,
        (name.trim(), class),
        (&to_all.request, &to_all.contribution),
        terms,
        Some(host),
    );
    Ok(URL_SAFE_NO_PAD.encode(applicant.to_bytes()))
}

/// Applies to all members, or again, with keys on this machine.
pub async fn apply(global: &Global, api: &Api, keys: &Path, words: &Words) -> Outcome {
    let root = keyfile::read(&root_path(keys), Role::Root)?;
    let strange = |_| Failure::refused("the file of the federation is not as it was written");
    let federation: FederationId = pinned(keys)?.parse().map_err(strange)?;
    let answer = api.get("/api/hosted/next").await?;
    if answer["charter"].is_null() {
        return Err(Failure::refused("there is nothing to apply for now")
            .hint("folkmoot host sign says how far your admission is"));
    }
    let said = &answer["said"];
    let earlier = said.is_object().then(|| ToAll {
        request: text(said, "request"),
        contribution: text(said, "contribution"),
        terms: String::new(),
    });
    let command = [
        "folkmoot host apply --keys".to_owned(),
        terms::quoted(&keys.display().to_string()),
    ];
    let asked = Asked {
        words,
        keys,
        federation_name: &text(&answer, "federation_name"),
        earlier,
        command: &command,
    };
    let Some(to_all) = asked.accepted(global, &answer["charter"])? else {
        return Err(Failure::refused("the host named no charter"));
    };
    let of = (text(&answer, "name"), text(&answer, "class"));
    let applicant = signed(
        &federation,
        &root,
        (&of.0, &of.1),
        &to_all,
        &answer["host_id"],
    )?;
    let body = json!({ "applicant": applicant });
    let done = api.post("/api/hosted/application", &body).await?;
    let said = format!(
        "Applied to all members. Once they have admitted you: folkmoot host sign --keys {}",
        keys.display()
    );
    global.say(&done, said)
}

/// For what a newcomer waits, and what it has to do.
fn waits(answer: &Value, keys: &Path) -> String {
    let how_far = &answer["standing"];
    if how_far.is_null() {
        let (found, needed) = (text(answer, "signed"), text(answer, "needed"));
        return format!("{found} of {needed} founders have admitted you. Try later.");
    }
    let apply = format!("folkmoot host apply --keys {}", keys.display());
    match &*text(how_far, "state") {
        "unknown" => format!("All members decide, and you have not asked them yet: {apply}"),
        "waiting" => {
            "The members have your application; none has proposed the admission yet. Try later."
                .to_owned()
        }
        "outdated" => format!("The charter has changed since you accepted it: {apply}"),
        "refused" => format!(
            "Your admission: {}. To apply again: {apply}",
            standing(how_far)
        ),
        _ => format!("Your admission: {}. Try later.", standing(how_far)),
    }
}

/// Signs what makes a newcomer a member, as far as it is admitted.
pub async fn sign_next(global: &Global, api: &Api, keys: &Path) -> Outcome {
    let root = keyfile::read(&root_path(keys), Role::Root)?;
    let own = keyfile::read(&person_path(keys), Role::Person)?;
    let federation = pinned(keys)?;
    let mut signed = Vec::new();
    // Five entries make a member; a node that asks for more is not followed.
    for _ in 0..8 {
        let answer = api.get("/api/hosted/next").await?;
        match &*text(&answer, "state") {
            "done" => {
                let said = "You are a member: sign with --key as you vote and write.";
                return global.say(&json!({ "state": "done", "signed": signed }), said);
            }
            "sign" => {
                let entry = device::prepared(&answer)?;
                let signer = match entry.header.author == root.public() {
                    true => &root,
                    false => &own,
                };
                let word = check_next(&device::record_of(&entry)?, &root, &own.public())?;
                if entry.header.author != signer.public() {
                    return Err(Failure::refused(
                        "the node asks for another key's signature",
                    ));
                }
                let given = (&*federation, json!([]));
                api.sign_and_submit(entry, signer, given).await?;
                signed.push(word);
            }
            _ => {
                let json = json!({
                    "state": "waiting", "signed": signed, "standing": answer["standing"],
                });
                return global.say(&json, waits(&answer, keys));
            }
        }
    }
    Err(
        Failure::refused("the node asks for more than makes a member")
            .hint("ask a steward of your host"),
    )
}

/// What a newcomer signs, and nothing else: that it joins, its host, its own key, its own mandate,
/// its name.
fn check_next(record: &Record, root: &SecretKey, own: &PublicKey) -> Outcome<&'static str> {
    let fits = match record {
        Record::Join(join) => join.newcomer.root == root.public(),
        Record::Enter(enter) => {
            enter.newcomer.root == root.public() && enter.member.0 == root.public().0
        }
        Record::Host(_) | Record::Person(_) => true,
        Record::Grant(grant) => grant.key == *own && grant.purpose == Purpose::Person,
        Record::Mandate(record::Mandate { delegates, .. }) => {
            delegates.iter().all(|delegate| delegate.key == *own)
        }
        _ => false,
    };
    match record.kind().word().filter(|_| fits) {
        Some(word) => Ok(word),
        None => Err(
            Failure::refused("the node asks you to sign what does not make you a member")
                .hint("nothing of it was signed; ask a steward of your host"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::record::{Delegate, Mandate, Revocation};

    use super::*;

    #[test]
    fn a_node_cannot_have_a_newcomer_name_another_key_its_delegate() {
        let root = SecretKey::from_seed(&[1; 32]);
        let own = SecretKey::from_seed(&[2; 32]).public();
        let mandate = |key| {
            let person = PersonId([3; 16]);
            let delegates = vec![Delegate { key, person }];
            let number = 1;
            Record::Mandate(Mandate { number, delegates })
        };
        assert_eq!(check_next(&mandate(own), &root, &own).unwrap(), "mandate");
        let thief = SecretKey::from_seed(&[4; 32]).public();
        assert!(check_next(&mandate(thief), &root, &own).is_err());
        let end = Record::Revocation(Revocation {
            key: own,
            last: None,
        });
        assert!(check_next(&end, &root, &own).is_err());
    }
}
