//! The part of the history that proposes and votes.

use domain::{
    charter::Charter,
    decision::Choice,
    entry::Audience,
    id::EntryId,
    key::SecretKey,
    record::{
        Amendment, Ballot, Comment, Elector, Opening, Proposal, Record, Revocation, Withdrawal,
        version_hash,
    },
    text::{Content, visible_characters},
};

use super::{
    book::Draft,
    history::{History, Member},
};

const REASON: &str = "The contract binds us for three years and nobody was asked.";

impl History {
    /// A proposal, its second version, the opening, and another that is withdrawn.
    pub fn propose(&mut self) {
        let book = &mut self.book;
        let anna = &self.anna;
        let inline = |text: &str| Content::of(text).expect("a text").0;
        let title = "A meeting server in Girona";
        let proposal = Record::Proposal(Proposal {
            title: title.to_owned(),
            content: inline("We rent it together.\n"),
            rule: "consent".to_owned(),
            urgent: None,
            circle: None,
            language: "en".to_owned(),
        });
        let draft = book.draft(
            "anna.proposal",
            &anna.delegate,
            anna.grant,
            "proposals",
            &proposal,
        );
        self.proposal = book.write(draft);
        let address = address_of(&self.proposal);
        let content = inline("We rent it together, for one year.\n");
        self.version = version_hash(title, &content);
        let amendment = Record::Amendment(Amendment {
            proposal: self.proposal,
            number: 2,
            previous: self.proposal,
            title: title.to_owned(),
            content,
        });
        let draft = book
            .draft(
                "anna.amendment",
                &anna.delegate,
                anna.grant,
                &address,
                &amendment,
            )
            .with_note("For one year only.")
            .referring_to(vec![self.proposal]);
        let amendment = book.write(draft);
        let opening = Record::Opening(Opening {
            late_block_ms: 86_400_000,
            extension_ms: 302_400_000,
            proposal: self.proposal,
            version: amendment,
            text: self.version,
            rule: "consent".to_owned(),
            charter: Charter::default().hash(),
            deadline: book.now.plus_seconds(1 + 604_800),
            electorate: electorate(&[&self.anna, &self.bela, &self.carla, &self.dora]),
        });
        let draft = book
            .draft(
                "anna.opening",
                &anna.delegate,
                anna.grant,
                &address,
                &opening,
            )
            .referring_to(vec![amendment]);
        self.phase = book.write(draft);
        let (long, _) = Content::of(&"0123456789abcdef\n".repeat(6_000)).expect("a text");
        let proposal = Record::Proposal(Proposal {
            title: "A long text".to_owned(),
            content: long,
            rule: "one-member-one-vote".to_owned(),
            urgent: Some("The offer ends on Friday.".to_owned()),
            circle: None,
            language: "ca".to_owned(),
        });
        let carla = &self.carla;
        let draft = book.draft(
            "carla.proposal",
            &carla.delegate,
            carla.grant,
            "proposals",
            &proposal,
        );
        let proposal = book.write(draft);
        let withdrawal = Record::Withdrawal(Withdrawal { proposal });
        let draft = book
            .draft(
                "carla.withdrawal",
                &carla.delegate,
                carla.grant,
                &address_of(&proposal),
                &withdrawal,
            )
            .with_note("The offer was taken back.");
        book.write(draft);
    }

    /// The next ballot of a member, under its mandate.
    pub fn ballot(&self, name: &str, member: &Member, revision: u8, choice: Choice) -> Draft {
        let reason = if choice == Choice::Block { REASON } else { "" };
        let ballot = Record::Ballot(Ballot {
            phase: self.phase,
            revision,
            version: self.version,
            choice,
            aim: (choice == Choice::Block).then_some(2),
            reason_characters: visible_characters(reason) as u64,
        });
        let draft = self
            .book
            .draft(name, &member.delegate, member.mandate, "ballots", &ballot)
            .for_audience(Audience::Members);
        match reason {
            "" => draft,
            reason => draft.with_note(reason),
        }
    }

    /// A comment by a key of a member.
    pub fn comment(&self, name: &str, key: &SecretKey, grant: EntryId, words: &str) -> Draft {
        let comment = Record::Comment(Comment {
            proposal: self.proposal,
            answers: None,
        });
        self.book
            .draft(name, key, grant, &address_of(&self.proposal), &comment)
            .for_audience(Audience::Members)
            .with_note(words)
    }

    pub fn vote(&mut self) {
        let words = "Who pays for the second year?";
        let draft = self.comment("worker.comment", &self.worker, self.worker_grant, words);
        self.book.write(draft);
        let draft = self.ballot("anna.ballot", &self.anna, 1, Choice::Agree);
        self.book.write(draft);
        let draft = self.ballot("bela.block", &self.bela, 1, Choice::Block);
        self.book.write(draft);
        let draft = self.ballot("carla.ballot", &self.carla, 1, Choice::StandAside);
        self.book.write(draft);
        let draft = self.ballot("bela.ballot", &self.bela, 2, Choice::Agree);
        self.book.write(draft);
    }

    /// Anna's co-op revokes the worker's key; what it wrote stays.
    pub fn end(&mut self) {
        let last = self.book.tips[&self.worker.public()];
        let revocation = Record::Revocation(Revocation {
            key: self.worker.public(),
            last: Some(last),
        });
        let anna = &self.anna;
        let draft = self
            .book
            .draft(
                "anna.revocation",
                &anna.delegate,
                anna.grant,
                "keys",
                &revocation,
            )
            .for_audience(Audience::Members)
            .with_note("The laptop was stolen.");
        self.book.write(draft);
    }
}

/// Who may vote, as an opening lists it.
fn electorate(members: &[&Member]) -> Vec<Elector> {
    let mut electorate: Vec<Elector> = members
        .iter()
        .map(|member| Elector {
            member: member.id(),
            class: if member.person.0[0] == 0x41 {
                "consumer"
            } else {
                "producer"
            }
            .to_owned(),
            root: member.root.public(),
            record: member.record,
        })
        .collect();
    electorate.sort();
    electorate
}

/// The address of what belongs to a proposal.
pub fn address_of(proposal: &EntryId) -> String {
    format!("proposals/{}", &proposal.to_string()[..32])
}
