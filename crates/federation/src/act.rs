//! What people and nodes do, before it is an entry.

use domain::{
    decision::Choice,
    effect::{Applicant, Effect},
    entry::{Header, Salted},
    id::{CircleId, DocumentId, EntryId, Hash, MemberId, PersonId, ProposalId},
    key::{PublicKey, Signature},
    record,
};

/// Something a person or a node does with one key. The core finds the grant, the sequence and all
/// else that the entry needs, checks it against the rules, and says what is wrong if it does not
/// fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A founder's root key signs the genesis.
    Found,
    /// A newcomer's root key takes up its admission.
    Join(record::Join),
    /// A founder's root key admits a newcomer. The signature is over
    /// [`record::Newcomer::message`].
    Admit(record::Admit),
    /// A root or steward's key gives a key rights; the number is chosen by the core.
    Grant {
        /// What the key is for.
        purpose: record::Purpose,
        /// The key.
        key: PublicKey,
        /// Whose it is, for persons.
        person: Option<PersonId>,
        /// The person's roles.
        roles: record::Roles,
        /// Where the key lives.
        custody: record::Custody,
        /// The key's signature over [`record::Grant::message`]; `None` shows again that of an
        /// earlier grant by this member for the same purpose and person.
        proof: Option<Signature>,
    },
    /// A root key lists who votes for its member; the number is chosen by the core.
    Mandate {
        /// The delegates, in any order.
        delegates: Vec<record::Delegate>,
    },
    /// A root or steward's key ends a key.
    Revoke {
        /// The key.
        key: PublicKey,
        /// What of its log still stands.
        keep: Keep,
        /// Why, for the members.
        reason: String,
    },
    /// Who a person is.
    Person {
        /// The person.
        person: PersonId,
        /// The name shown to members.
        name: String,
        /// How to reach the person; may be empty.
        contact: String,
    },
    /// A person takes a role in a circle.
    Role(record::Role),
    /// How the member describes itself.
    Profile(record::Profile),
    /// A circle is begun or described anew.
    Circle(record::Circle),
    /// A person joins a circle or leaves it.
    Membership(record::Membership),
    /// An action point is begun or changed, by the circle's people, who began it, or who does it.
    Action {
        /// Who, by when, and how it stands.
        action: record::Action,
        /// What is to be done, on one line; empty keeps the words of one that is changed.
        words: String,
    },
    /// A gathering is begun or changed, by the circle's people or who began it.
    Gathering(record::Gathering),
    /// A steward, a delegate or the proposer says when a decision is looked at again.
    Review(record::Review),
    /// Founders' signatures under the beginning of the register, encoded: any founder's steward or
    /// root key passes them on.
    BeginRegister {
        /// The beginning with these signatures.
        beginning: Vec<u8>,
    },
    /// A member's declaration for the register, encoded.
    Declare {
        /// It, signed with the member's root key.
        declaration: Vec<u8>,
    },
    /// What somebody says of a recovery of the register, encoded: any member passes it on.
    Recover {
        /// It, signed with an organisation's root key.
        voice: Vec<u8>,
    },
    /// Where this node can be reached.
    Endpoint(record::Endpoint),
    /// A node or a steward describes a server of its member.
    Server(record::Server),
    /// A node or a steward says who has its meetings through the member's node.
    Tenant(record::Tenant),
    /// A node says where it placed meetings.
    Placing(record::Placing),
    /// A node says what was used of its member's servers.
    Usage(record::Usage),
    /// A co-op's application, passed on by this node or a steward.
    Apply {
        /// What it says.
        application: record::Application,
        /// The request in words.
        request: String,
    },
    /// Who asks to be admitted by decision, passed on by this node or a steward.
    ApplyToAll(Box<Applicant>),
    /// The root key of a newcomer whom the register admitted takes up its membership.
    Enter(record::Enter),
    /// A root or steward's key names the member whose node serves its own; the number is chosen by
    /// the core.
    Host {
        /// The host; the member itself once it has a node of its own.
        host: MemberId,
    },
    /// A host answers a member's last choice, or offers who is no member yet to serve its first.
    Hosting {
        /// Whom.
        member: MemberId,
        /// Whether it serves it.
        accepts: bool,
    },
    /// A new proposal.
    Propose {
        /// One line.
        title: String,
        /// The text.
        text: String,
        /// The rule's name; empty for the charter's default.
        rule: String,
        /// Why it cannot wait for the regular period.
        urgent: Option<String>,
        /// The circle it belongs to.
        circle: Option<CircleId>,
        /// The language it is written in.
        language: String,
        /// The edits of the draft that the text was read from; none if it was written here.
        draft: Vec<EntryId>,
        /// What it does to the federation by itself, once it is passed.
        effect: Option<Box<Effect>>,
    },
    /// A new version of a proposal. If voting was open it opens anew, on the new version, for a
    /// fresh period.
    Amend {
        /// The proposal.
        proposal: ProposalId,
        /// The title from now on.
        title: String,
        /// The whole text from now on.
        text: String,
        /// What changed, in words; may be empty.
        what_changed: String,
        /// The edits of the draft that the text was read from; none if it was written here.
        draft: Vec<EntryId>,
        /// What it does to the federation by itself, once it is passed.
        effect: Option<Box<Effect>>,
    },
    /// The proposer takes a proposal back.
    Withdraw {
        /// The proposal.
        proposal: ProposalId,
        /// Why; may be empty.
        reason: String,
    },
    /// Voting opens on the current version; where a block of it can be integrated, the fallback vote
    /// is called.
    Open {
        /// The proposal.
        proposal: ProposalId,
    },
    /// After a mediation voting opens once more on the version that was blocked: a fallback vote.
    FallBack {
        /// The proposal.
        proposal: ProposalId,
    },
    /// A mediator reports on the conflict about a proposal.
    Report {
        /// The proposal.
        proposal: ProposalId,
        /// Whether the mediators recommend the fallback vote.
        recommends_vote: bool,
        /// The report.
        text: String,
    },
    /// A delegate votes for its member.
    Vote {
        /// The proposal.
        proposal: ProposalId,
        /// The hash of the version the voter read.
        version: Hash,
        /// The choice.
        choice: Choice,
        /// For a block: which of the charter's aims, counted from 0.
        aim: Option<u64>,
        /// Why; a block needs 20 visible characters.
        reason: String,
    },
    /// Someone says something about a proposal.
    Comment {
        /// The proposal.
        proposal: ProposalId,
        /// The comment or ballot it answers.
        answers: Option<EntryId>,
        /// The words.
        text: String,
    },
    /// A document is begun.
    CreateDocument {
        /// What it is called.
        title: String,
        /// The text it begins with; may be empty.
        text: String,
    },
    /// Someone changes a document. [`replica::document::Document`] says what to build on, makes the
    /// operations, and tells whether they fit: the core does not hold the text.
    Edit {
        /// The document.
        document: DocumentId,
        /// The edits it builds on.
        parents: Vec<EntryId>,
        /// The changes.
        operations: Vec<record::Operation>,
    },
    /// Someone says where a document belongs.
    File(record::Filing),
    /// Someone changes a document by more than one edit holds. All edits are signed, or none; each
    /// builds on the one before. [`replica::document::Document::fits`] tells whether the document
    /// takes them all. Where the key lives elsewhere they are signed one by one.
    Edits {
        /// The document.
        document: DocumentId,
        /// The edits that the first one builds on.
        parents: Vec<EntryId>,
        /// The changes of each edit.
        changes: Vec<Vec<record::Operation>>,
    },
    /// Someone attaches something to a document, in place of what had the same name.
    Attach {
        /// The document.
        document: DocumentId,
        /// What it is called.
        name: String,
        /// What it is said to be, as in `image/png`: only a claim.
        media_type: String,
        /// The bytes, at most [`domain::blob::BLOB_BYTES_MAX`].
        bytes: Vec<u8>,
    },
    /// Someone takes away what is attached to a document under a name.
    Detach {
        /// The document.
        document: DocumentId,
        /// What it is called.
        name: String,
    },
    /// A document begins anew with its text and leaves its history behind.
    Restart {
        /// The document.
        document: DocumentId,
        /// The edits that are left behind.
        parents: Vec<EntryId>,
        /// What it is called.
        title: String,
        /// The text it begins with; may be empty.
        text: String,
    },
}

/// What of a revoked key's log still stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All that stands on this node now.
    All,
    /// Nothing.
    Nothing,
    /// Up to this entry, which may lie above a fork: its branch is then picked.
    UpTo(u64, EntryId),
}

/// An entry that only lacks its signature, for keys that do not live on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// What is signed.
    pub header: Header,
    /// The body.
    pub body: Salted,
    /// The note.
    pub note: Option<Salted>,
    /// The chunks of a long text.
    pub chunks: Vec<Vec<u8>>,
}

impl Prepared {
    /// The entry with its signature.
    #[must_use]
    pub fn signed(self, signature: Signature) -> domain::entry::Entry {
        domain::entry::Entry {
            header: self.header,
            signature,
            body: Some(self.body),
            note: self.note,
        }
    }
}
