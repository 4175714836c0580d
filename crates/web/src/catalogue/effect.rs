//! What decisions do to the federation itself.

use super::*;

messages! {
    if_it_passes() { English: "If it passes" }
    what_it_did() { English: "What it does" }
    effect_explained() { English: "Every node does this by itself once the outcome is final. Nobody has to carry it out." }
    effect_admission(name, class) { English: "{name} becomes a member, as {class}." }
    effect_expulsion(member) { English: "{member} is expelled: none of its keys acts for it any more." }
    effect_class(member, class) { English: "{member} changes its class to {class}." }
    effect_host(member, host) { English: "{member} is served by the node of {host}." }
    effect_own_node(member) { English: "{member} is served by its own node." }
    effect_office(title, holder) { English: "{holder} is {title} of the federation." }
    effect_circle_office(title, circle, holder) { English: "{holder} is {title} of the circle {circle}." }
    effect_office_ends(title) { English: "Nobody is {title} of the federation any more." }
    effect_circle_office_ends(title, circle) { English: "Nobody is {title} of the circle {circle} any more." }
    effect_term(day) { English: "The term ends on {day}." }
    effect_commission(name, people) { English: "{people} form the commission “{name}” and may act for the federation." }
    effect_committee() { English: "This commission closes votes: until its term ends, only the nodes of its members witness votes, close them and agree on what is final. Then those of all co-ops do so again." }
    effect_powers() { English: "What it may do" }
    effect_charter() { English: "The charter is replaced. This changes:" }
    effect_charter_same() { English: "It changes nothing in the charter in force." }
    effect_charter_value(key, before, after) { English: "<code>{key}</code>: {before} becomes {after}" }
    effect_charter_none() { English: "nothing" }
    effect_rules(version, height) { English: "From height {height} of the register on, nodes follow version {version} of the rules." }
    effect_force_majeure(times, day) { English: "Until {day}, every vote takes {times} times as long." }
    effect_mediation(people, proposal) { English: "{people} mediate in the conflict about {proposal}." }
    effect_report(day) { English: "Their report is due on {day}." }
    effect_server_policy(server, member) { English: "The server {server} of {member} is offered for:" }
    effect_settlement(period, digest) { English: "The settlement of {period} binds: {digest}" }
    effect_root(member) { English: "{member} has another root key. Whoever holds the old one can object as long as the vote is open." }
    effect_its_request() { English: "Its request" }
    effect_its_contribution() { English: "It commits itself to" }
    effect_its_terms() { English: "It accepts the charter" }
    person_of(person, member) { English: "{person} ({member})" }
    change_federation() { English: "Change the federation itself" }
    change_federation_hint() { English: "Such a decision is carried out by every node as soon as it is final." }
    propose_admission() { English: "Admit an applicant" }
    propose_expulsion() { English: "Expel a member" }
    propose_class() { English: "Change a member's class" }
    propose_host() { English: "Have another node serve a member" }
    propose_office() { English: "Fill an office, such as the coordinator of a circle" }
    propose_commission() { English: "Appoint a commission" }
    propose_charter() { English: "Amend the charter" }
    propose_force_majeure() { English: "Make votes longer for a time" }
    propose_mediation() { English: "Have a conflict mediated" }
    propose_server_policy() { English: "Say what a server is offered for" }
    choose_one() { English: "Choose" }
    effect_who_applied() { English: "Who applied" }
    effect_which_class() { English: "Class from then on" }
    effect_which_host() { English: "Whose node serves it" }
    effect_office_title() { English: "Office" }
    effect_office_title_hint() { English: "In your own words, such as “coordinator” or “treasurer”." }
    effect_holder() { English: "Who holds it" }
    effect_nobody() { English: "Nobody any more" }
    effect_whole_federation() { English: "The whole federation" }
    effect_until() { English: "Until (the last day)" }
    effect_commission_name() { English: "Name of the commission" }
    effect_commission_name_hint() { English: "The commission “validators” closes votes: until its term ends, only the nodes of its members do. Choose the rule for the charter for it." }
    effect_people() { English: "Who" }
    effect_new_charter() { English: "The charter from then on" }
    effect_new_charter_hint() { English: "Change the values of the one in force, which is shown here. Decided by the rule for the charter." }
    effect_times() { English: "How many times as long" }
    effect_times_hint() { English: "From 2 to 10, for at most 180 days." }
    effect_conflict() { English: "The proposal in conflict" }
    effect_server() { English: "Server" }
    effect_policy() { English: "What it is offered for" }
    open_voting_again() { English: "Open voting again" }
    opening_again_explained() { English: "This vote was opened before the register began, so its outcome stays provisional. Opened again, it becomes final; everybody votes anew." }
    applicants() { English: "Applicants" }
    applicants_explained() { English: "Co-ops and people who ask to become members. All members decide." }
    no_applicants() { English: "Nobody asks to become a member now." }
    how_far_it_is() { English: "How far it is" }
    applicant_waits() { English: "It waits until a member proposes to admit it." }
    applicant_proposed(proposal) { English: "Its admission is talked about: {proposal}." }
    applicant_voted_on(vote, until) { English: "Its admission is voted on: {vote}, until {until}." }
    applicant_refused(vote, why) { English: "It was not admitted: {vote}. {why}" }
    applicant_outdated() { English: "The charter has changed since it was accepted. It has to read the new one and apply again." }
    applicant_admitted(name) { English: "{name} is a member." }
    the_proposal() { English: "the proposal" }
    the_vote() { English: "the vote" }
    propose_to_admit(name) { English: "Propose to admit {name}" }
    applied_through() { English: "Applied through" }
    who_applies() { English: "Who asks to become a member" }
    in_force_by_decision() { English: "In force by decision" }
    in_force_explained() { English: "Who holds an office, who may act for the federation, and what else was decided about it, as every node has it." }
    nothing_in_force() { English: "Nothing but the charter so far." }
    charters() { English: "Charters" }
    charters_explained() { English: "Every charter this federation has had since its register began, the one in force first." }
    charter_since_founding() { English: "In force since the founding." }
    charter_in_force_since(day) { English: "In force since {day}." }
    charter_in_force_until(since, until) { English: "In force from {since} to {until}." }
    charter_by_height(height) { English: "Height {height} of the register" }
    charter_changed() { English: "What it changed" }
    charter_whole() { English: "The whole charter" }
    charter_history() { English: "Earlier charters and what changed" }
    effect_needs_register() { English: "Decisions change members, offices and charter once the register has begun: <code>folkmoot register begin</code>." }
}
