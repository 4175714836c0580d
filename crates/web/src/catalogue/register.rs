//! How final a vote is, the register, and the archive of what is decided.

use super::*;

messages! {
    state_counting() { English: "Counting" }
    final_passed() { English: "Passed" }
    final_blocked() { English: "Blocked" }
    final_no_quorum() { English: "No quorum" }
    final_rejected() { English: "Rejected" }
    final_lapsed() { English: "Lapsed" }
    final_amended() { English: "Replaced" }
    height_number(height) { English: "height {height}" }
    sentence_final_passed(version, height, when) {
        English: "<strong>Passed.</strong> Version {version} is decided, final at {height} of the register since {when}."
    }
    sentence_final_blocked(version, height, when) {
        English: "<strong>Blocked.</strong> Version {version} did not pass. That is final at {height} of the register since {when}."
    }
    sentence_final_no_quorum(version, height, when) {
        English: "<strong>No quorum.</strong> Too few voted on version {version}. That is final at {height} of the register since {when}; it can be proposed again."
    }
    sentence_final_rejected(version, height, when) {
        English: "<strong>Rejected.</strong> Version {version} did not pass. That is final at {height} of the register since {when}."
    }
    sentence_final_lapsed(version, height, when) {
        English: "<strong>Lapsed.</strong> Version {version} was blocked, and the proposer did not answer in time. That is final at {height} of the register since {when}."
    }
    sentence_final_withdrawn(version, height, when) {
        English: "<strong>Withdrawn.</strong> The proposer took version {version} back while it was voted on. That is final at {height} of the register since {when}."
    }
    sentence_final_amended(version, height, when) {
        English: "<strong>Replaced.</strong> A vote on another version took the place of the one on version {version}, final at {height} of the register since {when}."
    }
    sentence_counting(version, when) {
        English: "<strong>Counting.</strong> Voting on version {version} closed {when}. The register decides what counted."
    }
    later_rules() { English: "This node needs a later release" }
    later_rules_are(version, height) {
        English: "From height {height} on nodes follow version {version} of the rules, which this release does not know. Install a later release before that: without it the node stops there and signs nothing."
    }
    counted_so_far(outcome) { English: "The votes this node knows say: {outcome}. Only the register makes that final." }
    how_final() { English: "How final it is" }
    not_final_no_register() {
        English: "Provisional. This federation has no register yet, so each node counts the votes it knows, and one that was cast in time can still arrive. What is missing: the founders begin the register, each with <code>folkmoot register begin</code> on its node."
    }
    not_final_before() {
        English: "Provisional. This vote was opened before the register began, so it is not in it. To have it decided for good, propose it again."
    }
    not_final_awaited() {
        English: "The register does not have this vote yet. It does as soon as the validators have agreed on its next height; votes are counted all the same."
    }
    not_final_unseen() {
        English: "This node does not follow the register at the moment, so it cannot show who is waited for. What is decided appears here."
    }
    own_vote_sent(member) { English: "The vote of {member} is sent. No validator has witnessed it yet." }
    own_vote_witnessed(member, receipts, validators) {
        English: "The vote of {member} is witnessed by {receipts} of {validators} validators."
    }
    own_vote_held(holds, needed) { English: "Not secured yet: {holds} of the {needed} validators that are needed hold it." }
    own_vote_secured(holds, validators) {
        English: "<strong>Secured:</strong> {holds} of {validators} validators hold it. It is counted, whatever happens."
    }
    votes_secured(secured, cast) { English: "{secured} of {cast} votes are secured: they are counted, whatever happens." }
    none_cast_yet() { English: "No vote to secure yet." }
    vote_is_sent() { English: "sent, not witnessed yet" }
    vote_is_witnessed(receipts, validators) { English: "witnessed by {receipts} of {validators}" }
    vote_is_secured(holds, validators) { English: "secured, {holds} of {validators} hold it" }
    waits_for_ballots(when) {
        English: "Votes that were cast in time may still be on their way. At {when} each validator writes down what it holds."
    }
    waits_for_manifests(when) {
        English: "The validators show each other what they hold. From {when} on they seal it."
    }
    lists_missing(names) { English: "Not here yet: what is held by {names}." }
    lists_complete() { English: "What each of them holds is here." }
    waits_for_seals(seals, needed) { English: "{seals} of the {needed} seals that are needed are here." }
    seals_missing(names) { English: "Waiting for {names}. Nothing is lost." }
    held_again_from(when) {
        English: "They are not all validators any more. If they stay away, those of today hold the vote again at {when}."
    }
    waits_for_agreement(height) {
        English: "Enough validators have sealed. They agree on {height} next."
    }
    agreeing_in_round(height, round) {
        English: "Enough validators have sealed. They are agreeing on {height}, round {round}."
    }
    then_final(height) { English: "Then it is final, at {height} of the register." }
    in_register_final() { English: "Final in the register" }
    in_register_soon() { English: "minutes after voting has closed, if enough validators are there" }
    decision_file() { English: "Decision file (JSON)" }
    decision_file_explained() {
        English: "It shows anybody, without this or any other node, who could vote, what counted and how it ended: <code>folkmoot verify FILE</code>."
    }
    permanent_link() { English: "Permanent link" }
    counted_by_the_register(height) { English: "As counted at {height} of the register." }
    register() { English: "Register" }
    register_of(federation) { English: "Register of {federation}" }
    register_explained() {
        English: "What is decided, once and for ever: one height after the other, each signed by more than two thirds of the validators."
    }
    register_not_begun() {
        English: "The register has not begun: outcomes are provisional. Each founder runs <code>folkmoot register begin</code> on its node."
    }
    beginning_signed_by(names, needed) { English: "A beginning is signed by {names}; {needed} signatures are needed." }
    register_trouble() { English: "Something is wrong" }
    register_trouble_is(trouble) { English: "This node says: {trouble}." }
    two_beginnings() { English: "Two beginnings are signed" }
    two_beginnings_are() { English: "Enough founders have signed another beginning of the register as well. It changes nothing: a quorum had gone on from this one. Ask who signed both why." }
    beginning_number(hash) { English: "Beginning {hash}" }
    how_it_stands() { English: "How it stands" }
    last_height() { English: "Last height" }
    its_hash() { English: "Its hash" }
    open_votes() { English: "Votes open in it" }
    being_decided() { English: "Being decided" }
    nothing_being_decided() { English: "Nothing. A height is agreed on when there is something to decide." }
    height_in_round(height, round) { English: "height {height}, round {round}" }
    may_lie() { English: "May be away or lie" }
    n_of_validators(count, all) { English: "{count} of {all} validators" }
    validators() { English: "Validators" }
    validators_caption() { English: "Who closes votes and signs heights: the nodes of the organisations, with one vote each." }
    signed_lately() { English: "Signed lately" }
    signed_of_last(count, all) { English: "{count} of the last {all} heights" }
    last_signed(height) { English: "last {height}" }
    last_seal() { English: "Last seal" }
    sealed_at(height, when) { English: "{height}, {when}" }
    none_seen() { English: "none seen yet" }
    heights() { English: "Heights" }
    heights_newer() { English: "Newer heights" }
    heights_older() { English: "Older heights" }
    no_heights() { English: "Nothing was decided since the beginning." }
    height_title(height) { English: "Height {height}" }
    height_began() { English: "The beginning" }
    begun_with(members, when) { English: "The register began with {members} members, {when}." }
    begun_signed_by(names) { English: "Signed by the founders {names}." }
    what_it_decided() { English: "What it decided" }
    who_signed() { English: "Who signed" }
    not_among_signatures(names) {
        English: "Not among these signatures: {names}. A height needs more than two thirds, and the first that suffice are kept."
    }
    hashes() { English: "Hashes" }
    hash_of_height() { English: "This height" }
    hash_of_previous() { English: "Height before" }
    hash_of_items() { English: "What it decided" }
    hash_of_validators() { English: "Its validators" }
    hash_of_next_validators() { English: "Validators of the next height" }
    hash_of_state() { English: "State after it" }
    hash_of_beginning() { English: "Beginning" }
    height_permanent() { English: "This page stays at this address, and says the same on every node." }
    previous_height() { English: "Height before" }
    next_height() { English: "Height after" }
    about_vote(title, member) { English: "{title}, proposed by {member}." }
    turn_opened() { English: "Voting opened" }
    turn_passed() { English: "Passed" }
    turn_blocked() { English: "Did not pass: blocked" }
    turn_no_quorum() { English: "Did not pass: no quorum" }
    turn_rejected() { English: "Did not pass: rejected" }
    turn_extended_late_block(when) { English: "Extended until {when}, because a block came late" }
    turn_extended_lacks_ballots(when) { English: "Extended until {when}, because too few had voted, or none of a class" }
    turn_extended_both(when) { English: "Extended until {when}: a block came late, and too few had voted, or none of a class" }
    turn_repeated(when) { English: "Held again until {when}, because too few validators knew of it in time" }
    turn_integrates(when) { English: "Blocked: the proposer can answer until {when}" }
    turn_amended_after_block() { English: "The proposer answered the block with another version, and voting began again" }
    turn_called_vote() { English: "The proposer called the fallback vote" }
    turn_withdrawn() { English: "The proposer took it back" }
    turn_lapsed() { English: "Lapsed: the block was not answered in time" }
    turn_recovered() { English: "Held again by the validators who are left, after a recovery" }
    turn_stalled() { English: "Held again by today’s validators, because too few of those before were left" }
    turn_amended() { English: "A vote on another version took its place" }
    at_height(height) { English: "at {height} of the register" }
    declared_validator(member) { English: "{member} declared the key with which its node closes votes." }
    declared_no_validator(member) { English: "{member} declared that its node closes votes no longer." }
    declared_leave(member) { English: "{member} left the federation." }
    declared_objection(member) { English: "{member} objected with its old root key to being given another one." }
    effect_done(what) { English: "It took effect: {what}." }
    effect_failed(what, why) { English: "It had no effect ({what}): {why}." }
    did_admission() { English: "a member is admitted" }
    did_expulsion() { English: "a member is expelled" }
    did_class() { English: "a member changes its class" }
    did_host() { English: "a member has another host" }
    did_office() { English: "an office is filled" }
    did_commission() { English: "a commission is set up" }
    did_charter() { English: "the charter is replaced" }
    did_rules() { English: "nodes follow later rules" }
    did_force_majeure() { English: "votes take longer for a time" }
    did_mediation() { English: "people mediate in a conflict" }
    did_server_policy() { English: "a meeting server has another policy" }
    did_settlement() { English: "a settlement is binding" }
    did_root() { English: "a member has another root key" }
    evidence() { English: "Evidence" }
    evidence_explained() {
        English: "Who signed two things of which an honest node signs one: a liar, or a thief of its key, or a data directory that was copied. As long as no more than a third of the validators do so, it changes nothing that is decided. Anybody can check a file of it, without a node: <code>folkmoot verify FILE</code>."
    }
    no_evidence() { English: "Nobody was seen to contradict itself." }
    signed_two() { English: "Signed two" }
    seen() { English: "Seen" }
    two_receipts() { English: "receipts for two ballots of one place" }
    two_manifests() { English: "lists of what it holds, in one vote" }
    two_seals() { English: "seals, in one vote" }
    two_ballots() { English: "ballots of one place" }
    two_proposals() { English: "proposals in one round of agreement" }
    two_votes() { English: "votes in one round of agreement" }
    two_entries() { English: "entries of one place in its log" }
    download_evidence() { English: "Evidence (JSON)" }
    recovery() { English: "Recovery" }
    recovery_title() { English: "When servers are gone for good" }
    recovery_explained() {
        English: "While no more validators are away than may be, the register goes on. When more are, it waits, safely. When they will not come back, the organisations go on without them by signing it with their root keys."
    }
    recovery_when_gone() { English: "When servers are gone for good" }
    look_at_recovery() { English: "The register waits for servers that may be gone: what to do" }
    register_waits() { English: "For whom the register waits" }
    register_waits_for_nobody() { English: "For nobody." }
    closing_waits(title, when, names) { English: "The vote on {title} could have been closed since {when}. It waits for {names}." }
    height_waits(height, round, when, names) { English: "Height {height} has been under way since {when}, round {round}. It waits for {names}." }
    waits_safely(count, all) { English: "{count} of {all} validators may be away. Nothing is lost: it goes on by itself when enough of them are back." }
    recovery_how() { English: "How it goes" }
    recovery_only_when(count) {
        English: "Only when more than {count} are gone for good. A co-op that lost its server or its validator key, and the others go on, types <code>folkmoot register key</code> on its new one."
    }
    recovery_call() { English: "Call each other on a line that is not this network: who is gone for good, and who only cannot be reached?" }
    recovery_announce(needed, all) { English: "One organisation announces it, others sign the same, until {needed} of the {all} organisations with a server have:" }
    recovery_notice(length) { English: "Then the notice of {length} begins. Whoever is not gone objects; its node does so by itself as soon as it is connected." }
    recovery_confirm(needed, all) { English: "When the notice is over, {needed} of {all} confirm it. Open votes are held again by those who remain; votes that were cast count again." }
    recovery_root_key() {
        English: "Each command takes the root key of an organisation, at any node of the federation: that of a co-op whose server is gone, too, if it was kept elsewhere. Without <code>--root-key</code> it takes the one in the data directory."
    }
    recoveries() { English: "Recoveries" }
    no_recovery() { English: "None was announced." }
    recovery_without(names) { English: "Without {names}" }
    recovery_announced_first() { English: "Announced" }
    recovery_after(height) { English: "to go on after {height}" }
    recovery_announced_by() { English: "Signed by" }
    recovery_objected_by() { English: "Objected to by" }
    recovery_confirmed_by() { English: "Confirmed by" }
    nobody() { English: "nobody" }
    n_of_needed(count, needed) { English: "{count} of {needed} needed" }
    recovery_announcing(count, needed) { English: "{count} of the {needed} organisations that are needed have signed it. The notice begins when they all have." }
    recovery_in_notice(when) { English: "Enough have signed it. Whoever is not gone can object until {when}, and as long as it is not confirmed; from then on it can be confirmed." }
    recovery_confirming(when, count, needed) { English: "The notice was over {when}. {count} of the {needed} organisations that are needed have confirmed it; until they all have, whoever is not gone can still object." }
    recovery_stopped(member, when) { English: "Stopped: {member} showed itself {when}. It will not be in force; another can be announced." }
    recovery_disputed(member, when) { English: "It was confirmed though {member} had shown itself {when}. Nothing more becomes final here until the members have settled which register holds." }
    recovery_in_force(epoch, when) { English: "In force since {when}: the register went on without them, in epoch {epoch}." }
    recovered_after(names, epoch, when) { English: "<strong>Recovered after it</strong>, without {names}: in force since {when}, as epoch {epoch}." }
    register_epoch() { English: "Epoch" }
    epoch_recovered(epoch) { English: "{epoch}, after as many <a href=\"/register/recovery\">recoveries</a>" }
    recovery_refused(why) { English: "It does not hold: {why}." }
    recovery_to_sign() { English: "To sign it:" }
    recovery_to_confirm() { English: "To confirm it:" }
    recovery_to_object() { English: "To object, as a co-op that is said to be gone:" }
    who_is_away() { English: "Who is away" }
    who_is_away_caption() { English: "Validators, and when each signed something last, by its own clock." }
    validator_waited_for() { English: "Waited for" }
    waited_for() { English: "yes" }
    not_waited_for() { English: "no" }
    validator_signed_last() { English: "Signed last" }
    validator_connection() { English: "Its node" }
    every_proposal() { English: "Every proposal" }
    decided_for_good() { English: "Decided for good" }
    decided_archive_explained() {
        English: "Votes that ended in the register. Nothing here changes any more; each has a permanent link and a file that proves it."
    }
    which_archive() { English: "Which part of the archive" }
    search_decisions() { English: "Words of the title, or a member" }
    search() { English: "Search" }
    ended_how() { English: "How it ended" }
    ended_any() { English: "in any way" }
    no_decision_found() { English: "Nothing that was decided fits. Fewer words find more." }
    nothing_decided() { English: "Nothing has been decided for good yet." }
    final_feed() { English: "Feed of what is decided" }
    feed_final_title(federation) { English: "{federation}: decided for good" }
    feed_final_about() { English: "Votes that ended in the register, where nothing changes any more." }
    feed_title_final(outcome, title) { English: "{outcome}: {title}" }
    feed_final(member, height) { English: "Proposed by {member}. Final at height {height} of the register." }
    event_final(outcome, height) { English: "{outcome}, final at height {height} of the register." }
    feed_closed_final(outcome, height) { English: "Final at height {height} of the register: {outcome}." }
}

plurals! {
    decided_listed[count]() { English: one "One decision" other "{count} decisions" }
}
