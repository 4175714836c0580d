//! Lists of decisions, and writing proposals.

use super::*;

messages! {
    decisions() { English: "Decisions" }
    which_decisions() { English: "Which decisions" }
    show_needs() { English: "Needs your vote" }
    show_open() { English: "Open" }
    show_closed() { English: "Closed" }
    show_all() { English: "All" }
    none_needs() { English: "No decision needs your co-op’s vote." }
    none_open() { English: "Nothing is being decided. <a href=\"/decide/new\">Propose something</a> and it stands here." }
    none_closed() { English: "No vote has closed yet." }
    none_at_all() { English: "Nothing was proposed yet. <a href=\"/decide/new\">Propose something</a>: title, text and how it is decided." }
    archive_of(federation) { English: "Decisions of {federation}" }
    archive_is_public() { English: "Proposals, votes and outcomes are public. Comments and names of persons are for members." }
    archive_newer() { English: "Newer decisions" }
    archive_older() { English: "Older decisions" }
    archive_empty() { English: "Nothing was proposed yet." }
    votes() { English: "Votes" }
    by(member) { English: "by {member}" }
    cast_of(cast, total) { English: "{cast} of {total}" }
    closes_in(when, left) { English: "closes {when}, in {left}" }
    closing_now() { English: "closes at this moment" }
    integrates_until(when) { English: "the proposer integrates a block until {when}" }
    closed_at(when) { English: "closed {when}" }
    withdrawn_at(when) { English: "withdrawn {when}" }
    proposer_opens_voting() { English: "the proposer opens voting" }
    proposing_opens_deliberation() {
        English: "Members read and comment first. Nobody votes before you open voting."
    }
    title() { English: "Title" }
    title_hint() { English: "What will be true if it passes, in one line." }
    text() { English: "Text" }
    text_hint() { English: "What exactly is decided. Leave an empty line between paragraphs." }
    how_it_is_decided() { English: "How it is decided" }
    consent() { English: "Consent" }
    one_member_one_vote() { English: "One member, one vote" }
    consent_then_vote() { English: "Consent, then one member one vote" }
    class_weighted() { English: "By class and strength" }
    charter_rule() { English: "The rule of the charter" }
    consent_then_vote_means() { English: "As consent. When blocked, there is time to integrate the block; then you can call a vote in which more have to agree than are against." }
    class_weighted_means() { English: "Enough vote, and the classes’ strengths times their shares of agreement are more than half." }
    charter_rule_means() { English: "Enough vote, two thirds and a majority in every class agree, and half of all. For what binds everybody." }
    consent_means() { English: "Enough members vote, at least one agrees, none blocks." }
    one_member_one_vote_means() { English: "Enough members vote, more agree than are against." }
    circle() { English: "Circle" }
    all_members() { English: "All members" }
    it_is_urgent() { English: "This is urgent" }
    urgent_hint(urgent, regular) { English: "Voting then takes {urgent} instead of {regular}." }
    why_urgent() { English: "Why it cannot wait" }
    only_if_urgent() { English: "Only for an urgent proposal. Every member will see it." }
    language_of_text() { English: "Language of the text" }
    language_hint() { English: "A tag such as en, ca, es, fr or de." }
    propose_it() { English: "Propose it" }
    leave() { English: "Leave it" }
    write_version(number) { English: "Write version {number}" }
    write_it(number) { English: "Save as version {number}" }
    what_changed() { English: "What changed and why" }
    what_changed_hint() { English: "Members who have voted read this first." }
}

plurals! {
    decisions_listed[count]() { English: one "One decision" other "{count} decisions" }
    n_blocks[count]() { English: one "one block" other "{count} blocks" }
}
