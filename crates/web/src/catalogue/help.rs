//! Words explained.

use super::*;

messages! {
    other_words() { English: "Other words" }
    word_stand_aside() { English: "Stand aside" }
    word_quorum() { English: "Quorum" }
    word_provisional() { English: "Provisional" }
    word_height() { English: "Height" }
    word_witnessed() { English: "Witnessed" }
    word_secured() { English: "Secured" }
    word_validator() { English: "Validator" }
    word_version() { English: "Version" }
    word_entry() { English: "Entry" }
    word_delegate() { English: "Delegate" }
    word_steward() { English: "Steward" }
    help_consent() { English: "A proposal passes by consent if enough members vote, at least one agrees and none blocks. It asks “can we live with this?”, not “is this our favourite?”." }
    help_block() { English: "A block says that a proposal would harm an aim of the charter, which one, and why. It stops consent; who blocks helps to find a way." }
    help_stand_aside() { English: "Who stands aside abstains and will not take part in carrying the proposal out. It counts towards the quorum and stops nothing." }
    help_quorum() { English: "The number of members that have to vote for a result to mean anything. An abstention counts towards it; missing it is not a rejection, and the proposal can be made again." }
    help_provisional() { English: "A provisional result is what the votes known to this node say. A vote that was cast in time can still arrive from a node that was away; a final result needs the register, which the founders begin once." }
    help_register() { English: "What is final, height by height, the same on every node. Once it has begun, a vote ends there for good, and what was decided takes effect there." }
    help_height() { English: "One step of the register. Each builds on the one before and holds what became final in it: votes opened, votes closed, what members declared." }
    help_witnessed() { English: "A vote is witnessed when validators have signed that they had it before the vote ended." }
    help_secured() { English: "A vote is secured when so many validators hold it that it is counted, whoever is away later." }
    help_validator() { English: "A member’s node that witnesses votes and closes them together with the others. Some of them may be away or lie, and the register goes on." }
    help_version() { English: "A vote is on one exact text. When the text changes, a new version is written and every member votes anew." }
    help_electorate() { English: "The members that may vote on a proposal. They are written down when voting opens and do not change afterwards." }
    help_opening() { English: "The signed entry that opens a vote. It fixes the version, the rule, the deadline and who may vote." }
    help_entry() { English: "One signed act: a proposal, a vote, a comment, a profile. Every node keeps the entries of all members and can check each signature." }
    help_node() { English: "The server that a member runs. There is no centre: each node has the whole history and goes on when others are away." }
    help_delegate() { English: "A person who casts a member’s vote. The member’s root key signs the list of its delegates." }
    help_steward() { English: "A person who runs a member’s node. Stewards invite and remove people and look after keys." }
    help_root_key() { English: "The key above all others of a member. It can be kept off the node, and is needed to admit members and to name delegates." }
    help_charter() { English: "The rules in force: classes, periods, quorum, aims. They are the same on every node and change only by decision." }
    help_circle() { English: "A standing group with a domain, people and a rhythm. Proposals can be made for one circle." }
}
