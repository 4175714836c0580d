//! The demo's register: it begins with the demo, and in it the federation changes while somebody
//! looks. A co-op is admitted, and the charter is amended.

use domain::{
    cbor::Encode,
    charter::Charter,
    effect::{Applicant, Effect},
    id::{FederationId, MemberId, PersonId, ProposalId},
    key::SecretKey,
    record::{Custody, Delegate, Enter, Grant, Newcomer, Profile, Purpose, Roles},
};
use federation::{Act, State};
use register::begin::Beginning;

use super::{cast::Coop, past::Past};
use crate::{
    clock::{self, random},
    control,
    driver::Handle,
    failure::Outcome,
    keyfile::Role,
};

/// Who applies while somebody looks: its name says that it is an example.
const NAME: &str = "Example Tailor Co-op";
const CLASS: &str = "consumer";
const REQUEST: &str = "We mend clothes in three towns and meet on your servers as guests now. We \
                       would like to be members, and to vote on what they cost.";
const CONTRIBUTION: &str = "Twelve hours of translation each quarter";
/// What the live amendment changes.
const AMENDMENT: (&str, &str) = ("late-block.extension-seconds", "45");

/// A co-op's node may close votes.
pub fn grant_validator(coop: &Coop, federation: &FederationId) -> Outcome<Act> {
    let key = coop.directory.key(Role::Validator)?;
    let member = MemberId(coop.root.public().0);
    let purpose = Purpose::Validator;
    Ok(Act::Grant {
        purpose,
        key: key.public(),
        person: None,
        roles: Roles::none(),
        custody: Custody::Node,
        proof: Some(Grant::prove(&key, federation, &member, purpose, None)),
    })
}

/// All founders sign the beginning: votes that are opened from now on become final.
pub fn begin(past: &mut Past, coops: &[Coop]) -> Outcome {
    let federation = past.core().federation();
    let begin = control::beginning(past.core(), past.now());
    let mut signatures: Vec<_> = coops
        .iter()
        .map(|coop| begin.sign(&federation, &coop.root))
        .collect();
    signatures.sort_by_key(|signed| signed.root);
    let beginning = Beginning { begin, signatures }.to_bytes();
    let act = Act::BeginRegister { beginning };
    past.act(&coops[0].root, act).map(drop)
}

/// What changes the federation while somebody looks, one thing after the other.
pub struct Changes {
    /// Keys of members without a node, and the co-op whose node serves each.
    guests: Vec<(Handle, SecretKey)>,
    root: Option<SecretKey>,
    admission: Option<ProposalId>,
    has_entered: bool,
    amendment: Option<ProposalId>,
    /// Who has voted on what.
    voted: Vec<(ProposalId, usize)>,
}

impl Changes {
    /// With the delegates of the co-ops that live by themselves, all but the first, and the keys of
    /// those without a node: none where the demo only goes on.
    pub fn new(coops: &[(Handle, SecretKey)], guests: &[(usize, SecretKey)]) -> Self {
        let guests = guests.iter().filter_map(|(host, key)| {
            let (handle, _) = coops.get(host.checked_sub(1)?)?;
            Some((handle.clone(), key.clone()))
        });
        Self {
            guests: guests.collect(),
            root: None,
            admission: None,
            has_entered: false,
            amendment: None,
            voted: Vec::new(),
        }
    }

    /// Does the next thing, if there is one to do now.
    pub async fn go_on(&mut self, coops: &[(Handle, SecretKey)]) -> Outcome<bool> {
        let Some((handle, key)) = coops.first() else {
            return Ok(false);
        };
        if self.guests.is_empty() || handle.read(|core| core.order().is_none()) {
            return Ok(false);
        }
        let Some(admission) = self.admission else {
            self.apply(handle, key).await?;
            return Ok(true);
        };
        if self.vote(coops, admission).await? {
            return Ok(true);
        }
        if !self.has_entered && self.enter(handle).await? {
            return Ok(true);
        }
        match self.amendment {
            None if self.has_entered => {
                let (handle, key) = coops.get(1).unwrap_or(&coops[0]);
                self.amend(handle, key).await?;
                Ok(true)
            }
            None => Ok(false),
            Some(amendment) => self.vote(coops, amendment).await,
        }
    }

    /// A co-op without a node asks to be admitted, and its host proposes it.
    async fn apply(&mut self, handle: &Handle, key: &SecretKey) -> Outcome {
        let root = SecretKey::from_seed(&random::<32>()?);
        let (federation, terms, host) = handle.read(|core| {
            let terms = core.charter().hash();
            (core.federation(), terms, core.member())
        });
        let (who, words) = ((NAME, CLASS), (REQUEST, CONTRIBUTION));
        let applicant = Applicant::sign(&federation, &root, who, words, terms, host);
        let apply = Act::ApplyToAll(Box::new(applicant.clone()));
        handle.act(key.clone(), apply).await?;
        let effect = Effect::Admission(applicant);
        let text = format!("{REQUEST}\n\nThey commit themselves to: {CONTRIBUTION}.");
        let title = format!("Admit {NAME}");
        self.admission = Some(propose(handle, key, (&title, text), ("consent", effect)).await?);
        self.root = Some(root);
        Ok(())
    }

    /// Admitted, it takes up its membership with its root key, and has its host serve it.
    async fn enter(&mut self, handle: &Handle) -> Outcome<bool> {
        let Some(root) = self.root.clone() else {
            return Ok(false);
        };
        let member = MemberId(root.public().0);
        let found = handle.read(|core| {
            let admitted = core.order()?.members().contains_key(&member);
            admitted.then(|| (core.federation(), core.member()))
        });
        let Some((federation, host)) = found else {
            return Ok(false);
        };
        let newcomer = Newcomer {
            root: root.public(),
            name: NAME.to_owned(),
            class: CLASS.to_owned(),
        };
        let (key, person) = (SecretKey::from_seed(&random::<32>()?), PersonId(random()?));
        let purpose = Purpose::Person;
        let proof = Grant::prove(&key, &federation, &member, purpose, Some(person));
        let grant = Act::Grant {
            purpose,
            key: key.public(),
            person: Some(person),
            roles: Roles::STEWARD.with(Roles::DELEGATE),
            custody: Custody::Node,
            proof: Some(proof),
        };
        let delegates = vec![Delegate {
            key: key.public(),
            person,
        }];
        let acts = [
            Some(Act::Enter(Enter { member, newcomer })),
            host.map(|host| Act::Host { host }),
            Some(grant),
            Some(Act::Mandate { delegates }),
        ];
        for act in acts.into_iter().flatten() {
            handle.act(root.clone(), act).await?;
        }
        let profile = Profile {
            name: NAME.to_owned(),
            region: "Wales (example)".to_owned(),
            description: "An invented co-op, admitted while the demo runs.".to_owned(),
            website: String::new(),
        };
        handle.act(key.clone(), Act::Profile(profile)).await?;
        self.guests.push((handle.clone(), key));
        self.has_entered = true;
        Ok(true)
    }

    async fn amend(&mut self, handle: &Handle, key: &SecretKey) -> Outcome {
        let charter = handle.read(|core| {
            let charter: &Charter = core.charter();
            charter.with_changes([AMENDMENT])
        });
        let charter = charter.map_err(|error| {
            crate::failure::Failure::refused("the demo's amendment does not fit").because(error)
        })?;
        let charter = charter.to_bytes();
        let effect = Effect::Charter { charter };
        let title = "Forty-five seconds more after a late block";
        let text = "A minute is too long where votes take three. Invented for the demo.";
        let what = (title, text.to_owned());
        self.amendment = Some(propose(handle, key, what, ("charter", effect)).await?);
        Ok(())
    }

    /// The next who has not voted yet agrees.
    async fn vote(&mut self, coops: &[(Handle, SecretKey)], proposal: ProposalId) -> Outcome<bool> {
        let now = clock::now();
        let all: Vec<_> = coops.iter().chain(&self.guests).cloned().collect();
        for (who, (handle, key)) in all.iter().enumerate() {
            if self.voted.contains(&(proposal, who)) {
                continue;
            }
            let version = handle.read(|core| {
                let decision = core.decision(&proposal, now)?;
                (decision.state == State::Voting).then_some(decision.version.hash)
            });
            let Some(version) = version else {
                return Ok(false);
            };
            self.voted.push((proposal, who));
            let vote = Act::Vote {
                proposal,
                version,
                choice: domain::decision::Choice::Agree,
                aim: None,
                reason: String::new(),
            };
            // Who may not vote on this is passed over.
            if handle.act(key.clone(), vote).await.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn propose(
    handle: &Handle,
    key: &SecretKey,
    (title, text): (&str, String),
    (rule, effect): (&str, Effect),
) -> Outcome<ProposalId> {
    let propose = Act::Propose {
        title: title.to_owned(),
        text,
        rule: rule.to_owned(),
        urgent: Some("So that it can be seen to be decided.".to_owned()),
        circle: None,
        language: "en".to_owned(),
        draft: Vec::new(),
        effect: Some(Box::new(effect)),
    };
    let proposal = handle.act(key.clone(), propose).await?;
    handle.act(key.clone(), Act::Open { proposal }).await?;
    Ok(proposal)
}
