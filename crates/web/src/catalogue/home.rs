//! Home.

use super::*;

messages! {
    nothing_waits() { English: "Nothing waits for you" }
    waits_for_you() { English: "Waiting for you" }
    no_vote_needed() { English: "Your co-op has voted on everything that is open, or nothing is open." }
    answer_the_block() { English: "Answer the block" }
    nothing_else_before(when) { English: "Nothing else is due before {when}." }
    nothing_else_due() { English: "Nothing else is due." }
    look_at_applications() { English: "Look at applications" }
    decisions_in_motion() { English: "Decisions in motion" }
    all_decisions() { English: "All decisions" }
    propose_something() { English: "Propose something" }
    nothing_in_motion() { English: "Nothing is being decided. <a href=\"/decide/new\">Propose something</a> and it stands here." }
    decision() { English: "Decision" }
    next() { English: "Next" }
    your_co_op() { English: "Your co-op" }
    recently() { English: "Recently" }
    nothing_recent() { English: "Votes, proposals and comments of all members appear here." }
    news_voted(member, choice, proposal) { English: "{member} voted “{choice}” on {proposal}" }
    news_proposed(member, proposal) { English: "{member} proposed {proposal}" }
    news_commented(member, proposal) { English: "{member} commented on {proposal}" }
    news_admitted(member) { English: "{member} is a member now" }
    federation_now() { English: "The federation now" }
    newest_entry(when) { English: "The newest arrived {when}." }
    this_node_in_detail() { English: "This node in detail" }
    connected() { English: "connected" }
    not_heard_since(when) { English: "not heard from since {when}" }
    not_heard_yet() { English: "not heard from yet" }
}

plurals! {
    things_wait[count]() { English: one "One thing waits for you" other "{count} things wait for you" }
    applications_wait[count]() {
        English: one "One co-op asks to join" other "{count} co-ops ask to join"
    }
    nodes_connected[all](connected) {
        English: one "{connected} of {all} node is connected." other "{connected} of {all} nodes are connected."
    }
    entries_stored[count]() {
        English: one "{count} entry is stored here." other "{count} entries are stored here."
    }
}
