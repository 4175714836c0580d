//! Members, circles, applications, the charter.

use super::*;

messages! {
    members_of(federation) { English: "Members of {federation}" }
    members() { English: "Members" }
    member() { English: "Member" }
    class() { English: "Class" }
    region() { English: "Region" }
    node() { English: "Node" }
    not_said() { English: "not said" }
    circles() { English: "Circles" }
    applications() { English: "Applications" }
    federation_id() { English: "Federation:" }
    member_since(class, when) { English: "{class}, member since {when}" }
    fork_title() { English: "One of its keys signed two histories" }
    fork_words(when) {
        English: "Seen {when}. What it signed before stands; what follows counts for nothing until the member goes on under a new key. It can be a restored backup or a stolen key: ask its people."
    }
    no_description() { English: "This member has not described itself yet." }
    facts() { English: "Facts" }
    website() { English: "Web site" }
    root_key() { English: "Root key" }
    edit_profile() { English: "Edit the profile" }
    its_proposals() { English: "Its proposals" }
    proposed_nothing() { English: "It has proposed nothing yet." }
    people() { English: "People" }
    no_people() { English: "Nobody acts for this member yet." }
    in_circles(circles) { English: "In the circles {circles}." }
    name_not_here() { English: "name not known here" }
    steward() { English: "steward" }
    delegate() { English: "delegate" }
    worker() { English: "worker" }
    individual() { English: "individual" }
    no_role() { English: "no role" }
    name() { English: "Name" }
    region_hint() { English: "Where its people are, such as “Catalonia” or “Great Lakes”." }
    description() { English: "Description" }
    description_hint() { English: "What the co-op does, in a few sentences." }
    website_hint() { English: "An address that starts with https://" }
    applications_explained() {
        English: "A co-op is admitted when more than half of the founders have signed its root key."
    }
    no_applications() { English: "No co-op asks to join. A steward makes an invitation with <code>folkmoot invite</code>." }
    former_members() { English: "Former members" }
    member_left(member, height, day) { English: "{member} left the federation at height {height}, on {day}." }
    member_left_undated(member, height) { English: "{member} left the federation at height {height}." }
    member_expelled(member, height, day) { English: "{member} was expelled at height {height}, on {day}." }
    member_expelled_undated(member, height) { English: "{member} was expelled at height {height}." }
    applies_as(class, when) { English: "Asks to join as {class}, received {when}" }
    compare_the_key() { English: "Compare this key with the one the co-op tells you in person or by telephone." }
    signed_so_far() { English: "Signed so far" }
    signed_of(signed, needed) { English: "{signed} of {needed} needed" }
    signed_here() { English: "This member has signed. Other founders still have to." }
    admit(name) { English: "Admit {name}" }
    only_founders_admit() { English: "Only a steward of a founding member, at a node that holds its root key, can admit." }
    circles_explained() { English: "A circle is a standing group with a domain, people and a rhythm." }
    start_circle() { English: "Start a circle" }
    no_circles() { English: "There is no circle yet. One gives a standing group a name, a domain and a place for its decisions." }
    ended() { English: "ended" }
    circle_ended() { English: "This circle has ended." }
    kept_by(member) { English: "Kept by {member}" }
    what_it_is_for() { English: "What it is for" }
    it_meets(rhythm) { English: "It meets: {rhythm}" }
    edit_circle() { English: "Edit the circle" }
    no_proposals_for_circle() { English: "No proposal is for this circle yet." }
    until(when) { English: "until {when}" }
    give_a_role() { English: "Give one of your people a role" }
    person() { English: "Person" }
    choose_person() { English: "Choose a person" }
    role_in_circle() { English: "Role" }
    role_title_hint() { English: "Such as “coordinator”. Leave it empty to end the role." }
    until_when() { English: "Until" }
    until_hint() { English: "Leave it empty if no end is agreed." }
    domain_hint() { English: "What this circle looks after and may decide alone." }
    rhythm() { English: "Rhythm" }
    rhythm_hint() { English: "When it meets, such as “every second Tuesday, 16:00 UTC”." }
    circle_has_ended() { English: "This circle has ended" }
    charter_explained() { English: "The rules in force on every node. They change only by decision." }
    how_we_decide() { English: "How we decide" }
    default_rule() { English: "chosen unless the proposal says otherwise" }
    one_member_one_vote_in_words() {
        English: "A proposal passes if the quorum is met and more members agree than are against. A tie does not pass. A block counts as against."
    }
    consent_then_vote_in_words(length) {
        English: "When it is blocked, the proposer has {length} to write a new version, to withdraw it, or to call one vote in which more members have to agree than are against."
    }
    class_weighted_in_words() {
        English: "In each class the share of those who agree, among those who agree or are against, is multiplied by the class’s strength. A proposal passes if the sum is more than half of the strengths. A class that says neither extends the vote once; then it is left out. Of a class without members the strength is shared out, and no class gets more than half."
    }
    charter_rule_in_words(part, whole, half, of, later, of_later) {
        English: "A proposal passes if more than {part}/{whole} of those who agree or are against agree, if in every class with members more agree than are against, and if by class and strength at least {half}/{of} of all who may vote agree; after one extension {later}/{of_later}."
    }
    quorum_by_strength(part, whole) { English: "Quorum: {part}/{whole}, counted by class and strength. An abstention counts towards it." }
    compare_charters() { English: "Compare with another charter" }
    compare_explained() { English: "See what would change before you propose it: each setting, and who would have how much power. Nothing is stored or sent." }
    what_differs() { English: "What differs" }
    link_to_comparison() { English: "Link to this comparison" }
    comparison_for_a_proposal() { English: "Write this into the text of a proposal, so that everybody can see what it changes:" }
    charters_are_the_same() { English: "Nothing: it says the same as the charter in force." }
    setting() { English: "Setting" }
    in_force_now() { English: "In force" }
    then() { English: "Then" }
    has_no_meaning() { English: "not there" }
    another_charter() { English: "The other charter" }
    another_charter_hint() { English: "A charter file (TOML). It begins with the charter in force, so you can change what you want." }
    compare_now() { English: "Compare" }
    power_under(rule) { English: "Power: {rule}" }
    power_explained() {
        English: "In how many of all possible votes a class or a member is the one that decides, as a share (Banzhaf index). Strength is not power: of 40, 35 and 25 any two are more than half, so each has a third."
    }
    power_as_one() { English: "Class, voting as one" }
    power_together() { English: "Its members together" }
    power_each() { English: "One member" }
    power_not_computed() { English: "Power is not shown: there are too many members to go through every case." }
    who_votes(classes) { English: "Who votes: {classes}." }
    disagree_is_allowed() { English: "A ballot can say agree, abstain, disagree or block." }
    disagree_is_not_allowed() { English: "A ballot can say agree, abstain or block. Who abstains can stand aside." }
    block_needs(characters) { English: "A block names the aim it protects and gives a reason of at least {characters} characters." }
    how_long_we_vote() { English: "How long we vote" }
    periods(regular, urgent) { English: "A vote is open for {regular}, an urgent one for {urgent}." }
    deadline_is_data() { English: "The deadline is written into the opening of the vote. Every node reads the same one, whether or not it was running." }
    clock_bound(length) { English: "A node whose clock is off by more than {length} says so and corrects it." }
    everything_in_force() { English: "Everything else in force" }
    aims() { English: "Aims" }
    classes() { English: "Classes" }
    strength_not_used() { English: "Strength counts in votes by class and strength and under the rule of the charter, not in consent or one member, one vote." }
    charter_hash() { English: "Charter:" }
}

plurals! {
    members_counted[count](nodes) {
        English: one "One member." other "{count} members, {nodes} of them with a node of their own."
    }
    people_counted[count]() { English: one "{count} person" other "{count} people" }
    class_line[members](strength) {
        English: one "{members} member · strength {strength} of 100" other "{members} members · strength {strength} of 100"
    }
    consent_in_words[agrees]() {
        English: one "A proposal passes if the quorum is met, at least one member agrees and none blocks it." other "A proposal passes if the quorum is met, at least {agrees} members agree and too few block it."
    }
    blocks_that_stop[blocks]() {
        English: one "One block stops it." other "{blocks} blocks stop it."
    }
    quorum_in_words[electors](part, whole, needed) {
        English: one "Quorum: {part}/{whole} of the members that may vote; today {needed} of {electors}. An abstention counts towards it." other "Quorum: {part}/{whole} of the members that may vote; today {needed} of {electors}. An abstention counts towards it."
    }
}
