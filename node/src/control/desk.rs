//! Carries out commands, in the running node or in the command-line program.

use std::sync::{Arc, OnceLock};

use domain::{
    cbor::{Decode, Encode},
    entry::Entry,
    id::MemberId,
    key::{SecretKey, Signature},
    record::{self, Custody, Delegate, Newcomer, Purpose, Roles},
};
use federation::{Act, Keep};
use serde_json::{Value, json};
use web::{
    Site,
    accounts::Accounts,
    invitation::Invitations,
    local::Local,
    password::{Cost, Hasher},
};

use super::{Command, RootAct, parse_key};
use crate::{
    clock,
    directory::DataDirectory,
    driver::Handle,
    failure::{Failure, Outcome},
    guests::{Guest, Guests},
    invitation::{ADDRESSES_MAX, Invitation},
    local::Shelf,
};

/// Where commands are carried out.
#[derive(Clone)]
pub struct Desk {
    pub(super) handle: Handle,
    /// Where newcomers reach this node, for invitations.
    addresses: Vec<String>,
    /// The site over the same loop, made when it is needed.
    site: Arc<OnceLock<Site>>,
    directory: DataDirectory,
}

impl Desk {
    /// A desk over a running loop. `addresses` are those to announce, if they are configured.
    pub fn new(handle: Handle, directory: DataDirectory, addresses: Vec<String>) -> Self {
        Self {
            handle,
            addresses,
            site: Arc::default(),
            directory,
        }
    }

    /// The same beside a site that runs already.
    #[must_use]
    pub fn beside(self, site: Site) -> Self {
        let site = Arc::new(OnceLock::from(site));
        Self { site, ..self }
    }

    /// The site over the same loop.
    pub(super) fn site(&self) -> Outcome<Site> {
        if let Some(site) = self.site.get() {
            return Ok(site.clone());
        }
        let site = crate::run::site_of(&self.directory, &self.handle)?;
        Ok(self.site.get_or_init(|| site).clone())
    }

    /// Carries out one command.
    pub async fn carry_out(&self, command: Command) -> Outcome<Value> {
        match command {
            Command::Status => self.status().await,
            Command::Members => Ok(self.members()),
            Command::Keys => Ok(self.keys()),
            Command::Persons => self.persons().await,
            Command::Register => Ok(self.register()),
            Command::Evidence => Ok(self.evidence()),
            Command::EvidenceFile { hash } => self.evidence_file(&hash).await,
            Command::Applications => self.applications().await,
            Command::Nodes => Ok(self.nodes().await),
            Command::Copy { node } => self.copy(node.as_deref()).await,
            Command::TakeCopy {
                member,
                from,
                made_ms,
                rows,
            } => self.take_copy((&member, &from), made_ms, &rows).await,
            Command::Root { key } => self.root(&key),
            Command::Leaving { root } => self.leaving(root.as_deref()),
            Command::Export { piece } => self.export(piece).await,
            Command::Invite {
                name,
                class,
                valid_seconds,
            } => self.invite(name, class, valid_seconds).await,
            Command::Prepare { key, act } => self.prepare(&key, act).await,
            Command::Submit { entry } => self.submit(&entry).await,
            Command::KeepInvitation { invitation } => {
                let kept = self.invitations().keep(clock::now(), &invitation).await;
                kept.map_err(|error| Failure::refused(error.to_string()))?;
                Ok(json!({}))
            }
            Command::RemoveAccount { person } => self.remove_account(&person).await,
        }
    }

    pub(super) fn local(&self) -> Arc<dyn Local> {
        Arc::new(Shelf::of(self.handle.store()))
    }

    pub(super) fn invitations(&self) -> Invitations {
        Invitations::new(self.local())
    }

    /// Where others reach this node, each with its peer id.
    pub(super) async fn addresses(&self) -> Outcome<Vec<String>> {
        let (node, known) = self.handle.read(|core| {
            let known = core.view().nodes.get(&core.node());
            let known = known.map(|known| known.endpoint.addresses.clone());
            (core.node(), known.unwrap_or_default())
        });
        let mut places = self.addresses.clone();
        places.extend(known);
        if let Some(network) = self.handle.network().filter(|_| places.is_empty()) {
            places = network.listening().await;
        }
        let peer = network::peer_id(&node).map_err(|error| Failure::refused(error.to_string()))?;
        let mut addresses: Vec<String> = Vec::new();
        for place in places {
            let address = if place.contains("/p2p/") {
                place
            } else {
                format!("{place}/p2p/{peer}")
            };
            if !addresses.contains(&address)
                && addresses.len() < ADDRESSES_MAX
                && network::check_multiaddr(&address).is_ok()
            {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(Failure::refused(
                "nobody could reach this node: no address of it is known",
            )
            .hint("start it with folkmoot run, or set network.announce in folkmoot.toml"));
        }
        Ok(addresses)
    }

    async fn invite(&self, name: String, class: String, valid_seconds: u64) -> Outcome<Value> {
        if !class.is_empty() {
            self.handle
                .read(|core| crate::founding::check_class(core.charter(), &class))?;
        }
        let addresses = self.addresses().await?;
        let federation = self.handle.read(|core| core.federation());
        let invitation = Invitation {
            federation,
            addresses,
            secret: clock::random()?,
            expires: clock::now().plus_seconds(valid_seconds),
        };
        let guest = Guest {
            name,
            class,
            expires_ms: invitation.expires.0,
            used_by: None,
            applications: 0,
        };
        Guests::new(self.handle.store().clone())
            .add(clock::now(), &invitation.secret, &guest)
            .await?;
        Ok(json!({
            "invitation": invitation.to_text(),
            "addresses": invitation.addresses,
            "expires_ms": invitation.expires.0,
        }))
    }

    /// Whose root key this is. Before the register has it, the key is its own member's.
    fn root(&self, key: &str) -> Outcome<Value> {
        let key = parse_key(key)?;
        Ok(self.handle.read(|core| {
            let order = core.order().into_iter();
            let mut members = order.flat_map(|order| order.members());
            let member = members.find(|(_, member)| member.root == key);
            let member = member.map_or(MemberId(key.0), |(id, _)| *id);
            json!({
                "member": member.to_string(),
                "takes_up": core.takes_up(&key).is_some(),
            })
        }))
    }

    async fn prepare(&self, key: &str, act: RootAct) -> Outcome<Value> {
        let act = self.act(act)?;
        let prepared = self.handle.prepare(parse_key(key)?, act).await?;
        let unsigned = prepared.signed(Signature([0; 64]));
        let federation = self.handle.read(|core| core.federation());
        Ok(json!({
            "federation": federation.to_string(),
            "entry": hex::encode(unsigned.to_bytes()),
        }))
    }

    async fn submit(&self, entry: &str) -> Outcome<Value> {
        let entry = read_entry(entry)?;
        let id = self.handle.submit(entry).await?;
        Ok(json!({ "id": id.to_string() }))
    }

    async fn remove_account(&self, person: &str) -> Outcome<Value> {
        let person = person
            .parse()
            .map_err(|error| Failure::usage(format!("{person:?} is no person: {error}")))?;
        let failed = |error: web::WebError| Failure::refused(error.to_string());
        let invitations = self.invitations();
        for waiting in invitations.waiting(clock::now()).await.map_err(failed)? {
            if waiting.person == person {
                invitations.take_back(waiting.id()).await.map_err(failed)?;
            }
        }
        let accounts = Accounts::new(self.local(), Hasher::new(Cost::default()));
        accounts.remove(person).await.map_err(failed)?;
        Ok(json!({}))
    }

    fn act(&self, act: RootAct) -> Outcome<Act> {
        Ok(match act {
            RootAct::Admit { root, signature } => {
                let root = parse_key(&root)?;
                let signature = read_signature(&signature)?;
                let newcomer = self.handle.read(|core| {
                    let known = core.view().applications.get(&root);
                    known.map(|application| newcomer(&application.record))
                });
                let newcomer = newcomer.ok_or_else(|| {
                    Failure::refused(format!("{root} has not applied, as far as this node knows"))
                })?;
                Act::Admit(record::Admit {
                    newcomer,
                    signature,
                })
            }
            RootAct::BeginRegister { beginning } => {
                let beginning = hex::decode(&beginning);
                let beginning = beginning.map_err(|_| Failure::usage("not hexadecimal"))?;
                Act::BeginRegister { beginning }
            }
            RootAct::Declare { declaration } => self.declare(&declaration)?,
            RootAct::TakeUp { root } => {
                let root = parse_key(&root)?;
                let next = self.handle.read(|core| core.takes_up(&root));
                next.ok_or_else(|| Failure::refused("this root key has taken up its place"))?
            }
            RootAct::Recover { voice } => {
                let voice = hex::decode(&voice).map_err(|_| Failure::usage("not hexadecimal"))?;
                Act::Recover { voice }
            }
            RootAct::Grant {
                purpose,
                key,
                person,
                roles,
                custody,
                proof,
            } => Act::Grant {
                purpose: purpose_of(&purpose)?,
                key: parse_key(&key)?,
                person: person.map(|person| parse_person(&person)).transpose()?,
                roles: roles_of(&roles)?,
                custody: if custody == "person" {
                    Custody::Person
                } else {
                    Custody::Node
                },
                proof: proof.map(|proof| read_signature(&proof)).transpose()?,
            },
            RootAct::Mandate { delegates } => Act::Mandate {
                delegates: delegates
                    .iter()
                    .map(|(key, person)| {
                        Ok(Delegate {
                            key: parse_key(key)?,
                            person: parse_person(person)?,
                        })
                    })
                    .collect::<Outcome<_>>()?,
            },
            RootAct::Revoke {
                key,
                keep_nothing,
                reason,
            } => Act::Revoke {
                key: parse_key(&key)?,
                keep: if keep_nothing {
                    Keep::Nothing
                } else {
                    Keep::All
                },
                reason,
            },
        })
    }
}

/// Whom an application is of.
pub(super) fn newcomer(record: &record::Application) -> Newcomer {
    Newcomer {
        root: record.root,
        class: record.class.clone(),
        name: record.name.clone(),
    }
}

fn purpose_of(word: &str) -> Outcome<Purpose> {
    match word {
        "person" => Ok(Purpose::Person),
        "node" => Ok(Purpose::Node),
        "validator" => Ok(Purpose::Validator),
        _ => Err(Failure::usage(format!(
            "{word:?} is no purpose; write person, node or validator"
        ))),
    }
}

/// The roles of words.
pub fn roles_of(words: &[String]) -> Outcome<Roles> {
    words.iter().try_fold(Roles::none(), |roles, word| {
        let role = Roles::from_word(word).ok_or_else(|| {
            let known = Roles::WORDS.map(|(_, word)| word).join(", ");
            Failure::usage(format!("{word:?} is no role; write {known}"))
        })?;
        Ok(roles.with(role))
    })
}

fn parse_person(text: &str) -> Outcome<domain::id::PersonId> {
    text.parse()
        .map_err(|error| Failure::usage(format!("{text:?} is no person: {error}")))
}

/// A signature from its hexadecimal digits.
pub fn read_signature(text: &str) -> Outcome<Signature> {
    let mut bytes = [0; 64];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| Failure::usage("a signature has 128 hexadecimal digits"))?;
    Ok(Signature(bytes))
}

/// An entry from its hexadecimal digits.
pub fn read_entry(text: &str) -> Outcome<Entry> {
    let bytes = hex::decode(text).map_err(|_| Failure::usage("the entry is not hexadecimal"))?;
    Entry::from_bytes(&bytes)
        .map_err(|error| Failure::refused("the bytes are no entry").because(error))
}

/// Signs a prepared entry.
pub fn sign(prepared: &Value, root: &SecretKey) -> Outcome<String> {
    let strange = || Failure::refused("the node answered something this release cannot read");
    let federation = prepared["federation"].as_str().ok_or_else(strange)?;
    let federation = federation.parse().map_err(|_| strange())?;
    let mut entry = read_entry(prepared["entry"].as_str().ok_or_else(strange)?)?;
    if entry.header.author != root.public() {
        return Err(strange());
    }
    entry.signature = entry.header.sign(&federation, root);
    Ok(hex::encode(entry.to_bytes()))
}
