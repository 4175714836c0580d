//! The page of one decision.

use super::*;

messages! {
    state() { English: "State" }
    proposed_by(member, version) { English: "Proposed by {member}. Version {version}." }
    proposed_by_for(member, circle, version) {
        English: "Proposed by {member} for the circle {circle}. Version {version}."
    }
    urgent_because(why) { English: "Urgent: {why}" }
    sentence_voting(version, deadline, left) {
        English: "<strong>Voting</strong> on version {version} until {deadline}: <span class=\"nowrap\">{left}</span> left."
    }
    sentence_voting_closing(version) {
        English: "<strong>Voting</strong> on version {version} closes at this moment."
    }
    sentence_closed(version, when) { English: "<strong>Voting on version {version} closed</strong> {when}." }
    provisional(outcome) { English: "Provisional: {outcome}." }
    then_provisional() {
        English: "These are the votes that this node knows. The result is provisional: this federation has no register yet, and votes that were cast in time can still arrive."
    }
    then_provisional_here() {
        English: "These are the votes that this node knows. The result is provisional: votes that were cast in time can still arrive."
    }
    sentence_integration(version, until, left) {
        English: "<strong>Consent on version {version} was blocked.</strong> The block can be integrated until {until}: <span class=\"nowrap\">{left}</span> left."
    }
    sentence_integration_ending(version) { English: "<strong>Consent on version {version} was blocked.</strong> The time to integrate the block ends at this moment." }
    then_integration(member) {
        English: "{member} can write a new version, withdraw the proposal, or call one vote in which more have to agree than are against. If nothing is done, it stays blocked."
    }
    extended_late_block(when) { English: "Extended once, because a block came late: it would have closed {when}." }
    extended_lacks_ballots(when) { English: "Extended once, because too few had voted, or none of a class: it would have closed {when}." }
    if_closed_extended() { English: "If voting closed now it would be extended once, because too few have voted." }
    if_closed_integration() { English: "If voting closed now: blocked, provisionally. Then the proposer has time to integrate the block or to call a vote." }
    call_the_vote() { English: "Call the vote on this version" }
    calling_explained() { English: "More have to agree than are against, among the same members, for a fresh period. A proposal can be put to this vote once." }
    step_fell_back(version) { English: "Blocked: a vote by one member, one vote was called on version {version}" }
    step_extended_late_block(when) { English: "Extended until {when}, because a block came late" }
    step_extended_lacks_ballots(when) { English: "Extended until {when}, because too few had voted, or none of a class" }
    sentence_deliberation(version) {
        English: "<strong>Deliberation</strong> on version {version}. Nobody votes yet."
    }
    then_deliberation(member) { English: "Comments are open to every member. {member} can open voting when the text is ready." }
    sentence_withdrawn(version) {
        English: "<strong>Withdrawn</strong> at version {version}. Nothing is decided; it can be proposed again."
    }
    if_closed_passed() { English: "If voting closed now: passed, provisionally." }
    if_closed_blocked() { English: "If voting closed now: blocked, provisionally. The proposer could write a new version or withdraw." }
    if_closed_no_quorum() { English: "If voting closed now: no quorum, provisionally. It could be proposed again." }
    if_closed_rejected() { English: "If voting closed now: rejected, provisionally." }
    move_it_on() { English: "For the proposer" }
    open_voting(version) { English: "Open voting on version {version}" }
    write_new_version() { English: "Write a new version" }
    amending_reopens() { English: "A new version re-opens the vote for a fresh period. Votes on this version do not carry over." }
    withdraw_it() { English: "Withdraw this proposal" }
    reason_for_withdrawing() { English: "Why it is withdrawn" }
    withdraw_now() { English: "Withdraw" }
    silent_since(member, when) { English: "{member} since {when}" }
    never_heard_from(member) { English: "{member} never yet" }
    they_may_have_voted(connected, all) {
        English: "They may have voted. Votes cast there are safe and arrive when the nodes are back. {connected} of {all} nodes are connected."
    }
    how_it_came_here() { English: "How it came here" }
    voting_closes() { English: "Voting closes" }
    result_stays_provisional() { English: "The result is provisional" }
    no_register_yet() { English: "A final result needs the register, which this federation does not have yet." }
    tally(agree, abstain, against) { English: "{agree} agree, {abstain} abstain, {against} against" }
    step_proposed(member) { English: "Proposed by {member}" }
    step_amended(version) { English: "Version {version} written" }
    step_opened(version) { English: "Voting on version {version} opened" }
    step_blocked(member) { English: "Blocked by {member}" }
    step_closed(version, outcome) { English: "Voting on version {version} closed, provisional: {outcome}" }
    check_it_yourself() { English: "Check it yourself" }
    what_is_fixed() { English: "What is fixed by signatures. Read it on any other node and compare." }
    text_of_version(version) { English: "Text, version {version}" }
    electorate() { English: "Electorate" }
    opening() { English: "Opening" }
    votes_seen() { English: "Votes seen here" }
    proposal() { English: "Proposal" }
    same_on_every_node() { English: "The same command on another member’s node shows the same ballots:" }
    discussion() { English: "Discussion" }
    no_comments() { English: "No comments yet. The first one can ask what is unclear." }
    write_comment() { English: "Your comment" }
    send_comment() { English: "Send" }
    reply() { English: "Reply" }
    your_reply() { English: "Your reply" }
    proposer() { English: "proposer" }
    words_not_here() { English: "The words have not arrived at this node yet." }
    words_erased() { English: "Erased by the person who wrote it." }
    you_read_the_archive() { English: "Public archive" }
    only_delegates_vote() { English: "Anyone can read this. The delegates of the members vote on their own nodes." }
    has_no_vote(member) { English: "{member} has no vote here" }
    electorate_was_fixed() { English: "Who votes was fixed when voting opened. Under some rules only organisations vote, and members that joined later are not among them." }
    has_not_voted(member, version) { English: "{member} has not voted on version {version}" }
    did_not_vote(member) { English: "{member} did not vote" }
    has_voted(member) { English: "{member} has voted" }
    vote_does_not_carry_over(member, choice, version, when, href) {
        English: "{member} said “{choice}” to version {version} {when}. That vote does not carry over, because the text changed. <a href=\"{href}\">See what changed</a>"
    }
    no_changes_left() { English: "This vote was changed seven times and stands as it is." }
    change_vote() { English: "Change this vote" }
    nobody_votes_yet() { English: "Nobody votes yet" }
    read_and_comment() { English: "<a href=\"#text\">Read the text</a> or <a href=\"#discussion\">comment on it</a>." }
    voting_is_over() { English: "Votes cast now would not count." }
    can_change_until(when) { English: "You can change it until {when}." }
    only_a_delegate_can_vote(member) {
        English: "Only a delegate of {member} can vote. A steward can make you one: <a href=\"/node/people\">people of this member</a>."
    }
    how_does_it_vote(member) { English: "How does {member} vote?" }
    stand_aside_means() { English: "Stand aside: we will not take part in carrying it out" }
    reason() { English: "Reason" }
    reason_hint(characters) { English: "Every member will see it. A block needs at least {characters} characters; otherwise you may leave this empty." }
    cast_this_vote() { English: "Cast this vote" }
    agree_means() { English: "We can live with this and will help to carry it out." }
    abstain_means() { English: "We leave it to the others. Counts towards the quorum." }
    disagree_means() { English: "We are against it and can live with it if the others want it." }
    block_means() { English: "This would harm an aim we share. We say which, and help to find a way." }
    block_asks_more(characters) { English: "A block names the aim it protects and says in at least {characters} characters what would be harmed." }
    which_aim() { English: "Which shared aim would it harm?" }
    choose_an_aim() { English: "Choose an aim of the charter" }
    what_decides() { English: "What decides" }
    see_charter() { English: "<a href=\"/charter\">Read the charter</a>" }
    conditions_when_open() { English: "The conditions and their figures stand here once voting is open." }
    met() { English: "Met:" }
    not_met() { English: "Not met:" }
    condition_quorum(cast, needed) { English: "quorum, {cast} voted and {needed} needed" }
    agree_and_abstain(agree, abstain) { English: "{agree} agree, {abstain} abstain" }
    nobody_blocks() { English: "Nobody blocks" }
    condition_more_agree() { English: "more agree than are against" }
    agree_and_against(agree, against) { English: "{agree} agree, {against} against; a tie does not pass" }
    condition_more_agree_in(class) { English: "{class}: more agree than are against" }
    empty_classes(classes) { English: "Nobody is in {classes}: the strength is shared among the other classes." }
    silent_left_out(classes) { English: "Silent after the extension too: {classes}. The strength is shared among the other classes." }
    silent_failed(classes) { English: "Silent: {classes}. Each class with members had to agree by majority, so a silent one failed." }
    silent_classes_closed(classes) { English: "Silent: {classes}." }
    silent_fails(classes) { English: "Silent so far: {classes}. Each class with members has to agree by majority, so a silent one fails." }
    condition_no_silent_class() { English: "every class agrees or is against" }
    every_class_speaks() { English: "Each does." }
    silent_classes(classes) { English: "Silent so far: {classes}. The vote is extended once for them; then they are left out." }
    condition_supermajority(part, whole) { English: "more than {part}/{whole} of those who agree or are against agree" }
    agree_of_heard(agree, heard) { English: "{agree} of {heard} agree" }
    condition_weighted_quorum(part, whole) { English: "quorum by class and strength, at least {part}/{whole}" }
    condition_weighted_majority(part, whole) { English: "more than {part}/{whole} of the strengths agree" }
    condition_assent(part, whole) { English: "of all who may vote, at least {part}/{whole} of the strengths agree" }
    of_strengths(sum) { English: "of {sum}" }
    about() { English: "about" }
    nobody_counts() { English: "Nobody agrees or is against." }
    this_is_the_fallback() { English: "Consent was blocked and the proposer called this vote: more have to agree than are against. It is the only one." }
    classes_block(classes) { English: "Half of the ballots of {classes} block. So the conditions of the charter’s rule must be met too." }
    decided_by_one_class() { English: "One class alone decides this: nobody of the others agrees or is against." }
    first_fails_silent() { English: "<strong>The first condition that fails is a silent class.</strong> One vote of it that agrees or is against is enough." }
    first_failed_silent() { English: "<strong>The first condition that failed is a silent class.</strong> It can be proposed again." }
    first_fails_assent() { English: "<strong>The first condition that fails is the assent.</strong> Enough of those who voted agree, and too few of all who may vote." }
    first_failed_assent() { English: "<strong>The first condition that failed is the assent.</strong> Too few of all who may vote agreed. It can be proposed again." }
    every_condition_met() { English: "Every condition is met." }
    first_fails_quorum() { English: "<strong>The first condition that fails is the quorum.</strong> Each further vote counts towards it, an abstention too." }
    first_fails_agree() { English: "<strong>The first condition that fails is agreement.</strong> At least one co-op has to agree." }
    first_fails_block() { English: "<strong>The first condition that fails is the block.</strong> The co-op that blocks can change its vote, or the proposer can write a new version." }
    first_fails_majority() { English: "<strong>The first condition that fails is the majority.</strong> More have to agree than are against." }
    first_fails_share(part, whole) { English: "<strong>The first condition that fails is the majority.</strong> More than {part}/{whole} of those who agree or are against have to agree." }
    first_failed_share(part, whole) { English: "<strong>The first condition that failed is the majority.</strong> More than {part}/{whole} of those who agree or are against had to agree." }
    first_failed_quorum() { English: "<strong>The first condition that failed is the quorum.</strong> It can be proposed again." }
    first_failed_agree() { English: "<strong>The first condition that failed is agreement.</strong> Too few members agreed." }
    first_failed_block() { English: "<strong>The first condition that failed is the block.</strong> The proposer can write a new version or propose it again." }
    first_failed_majority() { English: "<strong>The first condition that failed is the majority.</strong> More had to agree than were against." }
    votes_by_class() { English: "Votes by class" }
    counted_by_claimed_time() { English: "Until a register exists, ballots are counted by the time they claim; those that arrived late are marked." }
    class_is_empty() { English: "Nobody is in this class yet." }
    not_voted() { English: "not voted" }
    n_agree(count) { English: "{count} agree" }
    n_abstain(count) { English: "{count} abstain" }
    n_disagree(count) { English: "{count} disagree" }
    n_block(count) { English: "{count} block" }
    n_not_voted(count) { English: "{count} not voted" }
    everyone_voted() { English: "Nobody is missing." }
    that_is_you() { English: "that is you" }
    may_have_voted(when) { English: "Node not heard from since {when}: may have voted" }
    reasons_heading() { English: "Reasons" }
    every_vote() { English: "Every vote" }
    no_votes() { English: "No vote has arrived here. Votes appear as soon as this node has them." }
    aim_it_protects() { English: "Aim it protects:" }
    votes_caption() { English: "One line for each co-op: the newest vote, and what it said before." }
    co_op() { English: "Co-op" }
    vote() { English: "Vote" }
    when() { English: "When" }
    remarks() { English: "Remarks" }
    signed_on_own_device() { English: "signed on the delegate’s own device" }
    before_that(choice, when) { English: "before that: {choice}, {when}" }
    mark_late(when) { English: "Late: arrived here {when}, after the deadline" }
    mark_conflicting() { English: "Conflicting: two different votes of one revision, counts as abstain" }
    not_counted_not_eligible() { English: "Not counted: its member is not among those who decide this" }
    not_counted_other_version() { English: "Not counted: it is about another version of the text" }
    not_counted_before_opening() { English: "Not counted: it claims a time before voting opened" }
    not_counted_after_deadline() { English: "Not counted: it claims a time after voting closed" }
    not_counted_superseded() { English: "Not counted: its member voted again later" }
    not_counted_repeated() { English: "Not counted: it repeats another ballot of its member" }
    the_text(version) { English: "The text, version {version}" }
    changes_alone() { English: "Changes alone" }
    text_not_here() { English: "The text has not arrived at this node yet. It is asked for from the other nodes." }
    marked_against(version) { English: "Marked against version {version}: <ins>added</ins>, <del>removed</del>." }
    removed_aloud() { English: "removed:" }
    added_aloud() { English: "added:" }
    changed_between(from, to) { English: "What changed from version {from} to version {to}" }
    nothing_changed() { English: "The texts are the same." }
    back_to_decision() { English: "Back to the decision" }
}

plurals! {
    have_voted[total](cast) {
        English: one "{cast} of {total} member has voted." other "{cast} of {total} members have voted."
    }
    now_voted[total](cast) {
        English: one "Now: {cast} of {total} has voted" other "Now: {cast} of {total} have voted"
    }
    blocks_sentence[count]() { English: one "One block." other "{count} blocks." }
    blocks_heading[count]() { English: one "One block" other "{count} blocks" }
    asides_heading[count]() { English: one "One member stands aside" other "{count} members stand aside" }
    blocks_from[count](names) { English: one "{count} block, from {names}" other "{count} blocks, from {names}" }
    nodes_not_heard_from[count]() {
        English: one "One node not heard from" other "{count} nodes not heard from"
    }
    condition_agrees[needed]() {
        English: one "at least one agrees" other "at least {needed} agree"
    }
    condition_blocks[needed]() {
        English: one "no block" other "fewer than {needed} blocks"
    }
    co_ops[count]() { English: one "{count} member" other "{count} members" }
    changes_left[count]() {
        English: one "You can change it once more." other "You can change it {count} more times."
    }
    quorum_of[electors](part, whole) {
        English: one "{part}/{whole} of {electors} member" other "{part}/{whole} of {electors} members"
    }
    fixed_when_opened[electors]() {
        English: one "{electors} member, fixed when voting opened" other "{electors} members, fixed when voting opened"
    }
    some_of_voted[total](cast) { English: one "{cast} of {total} voted" other "{cast} of {total} voted" }
    have_not_voted[count]() {
        English: one "One member has not voted" other "{count} members have not voted"
    }
}
