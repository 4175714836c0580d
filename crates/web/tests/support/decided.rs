//! A register that founder 0 closes alone, so that one node decides.

use domain::{
    cbor::Encode,
    decision::Choice,
    effect::Effect,
    id::{EntryId, MemberId, PersonId, ProposalId, Timestamp},
    record::{Custody, Grant, Purpose, Roles},
};
use federation::Act;
use register::begin::{Begin, Beginning, First};
use tokio::sync::oneshot;
use web::clock::Clock;

use super::{World, node::key};

const MINUTE_SECONDS: u64 = 60;

impl World {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time passes, and the node is woken when it wants.
    pub async fn pass(&self, seconds: u64) {
        let until = self.now().plus_seconds(seconds);
        loop {
            let wake = self.node.read(federation::Core::next_wakeup);
            let Some(wake) = wake.filter(|wake| *wake <= until) else {
                break;
            };
            // A wake that lies in the past is over after a moment.
            let ahead = wake.since_ms(self.now()).max(1);
            self.clock.advance_ms(ahead);
            let (done, over) = oneshot::channel();
            self.ticks.send(done).await.unwrap();
            over.await.unwrap();
        }
        self.clock.advance_ms(until.since_ms(self.now()));
    }

    /// The founders begin the register.
    pub async fn begin_register(&self) {
        let federation = self.node.read(federation::Core::federation);
        let member = MemberId(key(0, 1).public().0);
        let validator = key(0, 6);
        let purpose = Purpose::Validator;
        let grant = Act::Grant {
            purpose,
            key: validator.public(),
            person: None::<PersonId>,
            roles: Roles::none(),
            custody: Custody::Node,
            proof: Some(Grant::prove(
                &validator,
                &federation,
                &member,
                purpose,
                None,
            )),
        };
        self.node.act(key(0, 1), grant).await.unwrap();
        let time = self.now();
        let members = self.node.read(|core| {
            let members = core.view().members.values();
            let first = |known: &replica::view::Member| First {
                member: known.id,
                name: known.name.clone(),
                class: known.class.clone(),
                root: known.root,
                record: known.record,
                host: core.view().host_of(&known.id),
                validator: (known.id == member).then(|| validator.public()),
            };
            members.map(first).collect()
        });
        let begin = Begin { time, members };
        let signatures = (0..3).map(|founder| begin.sign(&federation, &key(founder, 1)));
        let mut signatures: Vec<_> = signatures.collect();
        signatures.sort_by_key(|signed| signed.root);
        let beginning = Beginning { begin, signatures }.to_bytes();
        let begin = Act::BeginRegister { beginning };
        self.node.act(key(0, 3), begin).await.unwrap();
        self.pass(MINUTE_SECONDS).await;
        let height = self
            .node
            .read(|core| core.register_chain().map(|chain| chain.height()));
        assert_eq!(height, Some(1));
    }

    /// Founder 0 proposes it, by a rule or the charter's default.
    pub async fn propose(&self, rule: &str, effect: Option<Effect>) -> ProposalId {
        let act = Act::Propose {
            title: "Something".to_owned(),
            text: "Because we talked about it.".to_owned(),
            rule: rule.to_owned(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
            draft: Vec::new(),
            effect: effect.map(Box::new),
        };
        self.node.act(key(0, 3), act).await.unwrap()
    }

    /// Voting opens on a proposal of founder 0, in the register, too.
    pub async fn open(&self, proposal: ProposalId) {
        self.node
            .act(key(0, 3), Act::Open { proposal })
            .await
            .unwrap();
        self.pass(20 * MINUTE_SECONDS).await;
    }

    /// All founders vote so, and all of it ends.
    pub async fn end(&self, proposal: ProposalId, choice: Choice) {
        let version = self.node.read(|core| {
            let decision = core.decision(&proposal, self.now()).unwrap();
            decision.version.hash
        });
        for founder in 0..3 {
            let vote = Act::Vote {
                proposal,
                version,
                choice,
                aim: (choice == Choice::Block).then_some(0),
                reason: "It is not what we agreed on before.".to_owned(),
            };
            self.node.act(key(founder, 3), vote).await.unwrap();
        }
        let deadline = self.node.read(|core| {
            let chain = core.register_chain().unwrap();
            let proposer = MemberId(key(0, 1).public().0);
            chain.open_phase(&proposal, &proposer).unwrap().deadline
        });
        let rest = deadline
            .plus_seconds(60 * MINUTE_SECONDS)
            .since_ms(self.now());
        self.pass(rest / 1_000).await;
    }

    /// Proposed, opened and agreed on.
    pub async fn decide(&self, rule: &str, effect: Effect) -> EntryId {
        let proposal = self.propose(rule, Some(effect)).await;
        self.open(proposal).await;
        self.end(proposal, Choice::Agree).await;
        proposal
    }
}
