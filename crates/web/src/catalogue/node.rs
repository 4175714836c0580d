//! This node, its people and its keys.

use super::*;

messages! {
    node_of(member) { English: "The node of {member}" }
    health() { English: "Health" }
    keys() { English: "Keys" }
    what_is_wrong() { English: "What is wrong" }
    nothing_is_wrong() { English: "Nothing that this node knows of." }
    trouble_alone() { English: "No other node answers" }
    todo_alone() { English: "Votes and comments are stored here and go out when a node answers. Check this machine’s network and that its port is open." }
    trouble_not_compared() { English: "This node was not stopped in order and signs nothing yet" }
    todo_not_compared() { English: "It must first compare what it has with another node, so that it never signs two things in one place. If no other node is there, and this is no restored backup, start it with <code>folkmoot run --alone</code>." }
    trouble_clock_ahead(off) { English: "This clock is {off} ahead of the other nodes" }
    trouble_clock_behind(off) { English: "This clock is {off} behind the other nodes" }
    todo_clock() { English: "Turn on time synchronisation on this machine (NTP). Votes cast near a deadline can look late." }
    todo_clock_signs_nothing() { English: "This node signs nothing until the clock is right. Turn on time synchronisation on this machine (NTP)." }
    trouble_disk(free) { English: "{free} left on the disk" }
    todo_disk() { English: "Make room. Until there is more, this node stores what its own people do and takes nothing from other nodes. When the disk is full, it stores no vote; nothing stored is lost." }
    trouble_disk_full() { English: "The disk is full" }
    todo_disk_full() { English: "Make room; this node then goes on by itself. Until then it shows what it has and takes nothing new. Nothing acknowledged is lost." }
    trouble_disk_slow() { English: "The disk is slow" }
    todo_disk_slow() { English: "Votes wait until they are durable. Look at what else uses the disk, or move the data directory to a faster one." }
    trouble_store() { English: "The store refused a write" }
    todo_store(because) { English: "It said: {because}. Nothing acknowledged is lost. Stop the node and run <code>folkmoot store check</code>." }
    trouble_too_old(needed) { English: "The federation needs release {needed}" }
    todo_too_old() { English: "This node goes on storing and showing. Install the release to take part again." }
    trouble_no_delegate(member) { English: "Nobody can vote for {member}" }
    todo_no_delegate() { English: "Name a delegate with the root key: <code>folkmoot key mandate</code>, or invite one under <a href=\"/node/people\">People</a>." }
    trouble_held_back(member, count) { English: "{member} writes more than this node takes: {count} entries are held back" }
    todo_held_back(member) { English: "Of one member only so much is kept for each day since the founding, so that nobody fills every disk. Ask {member} whether a key of theirs was stolen; they revoke it with <code>folkmoot key revoke</code>. What is held back is asked for again every hour." }
    trouble_register() { English: "This node takes no full part in the register" }
    todo_register(because) { English: "It says: {because}. The page <a href=\"/register\">Register</a> shows what is known. Where the journal of the validator key is lost, name another key: <code>folkmoot register key</code>." }
    trouble_register_waits(names) { English: "The register waits for {names}" }
    trouble_next_key_named() { English: "Restart this node: the register names another validator key" }
    todo_next_key_named() { English: "The node takes the key up from the file <code>validator-next.key</code> when it starts. If that is not there, name a new one with the root key: <code>folkmoot register key</code>." }
    trouble_next_key_waits() { English: "A new validator key is declared" }
    todo_next_key_waits() { English: "It counts from the next height of the register on. Restart this node then; this page says when." }
    trouble_server(name) { English: "The server {name} does not answer" }
    todo_server(server) { English: "New meetings go elsewhere. Look whether the machine runs, and whether this node reaches it: the page of {server} has a button that calls it. If it is gone for good, remove it there." }
    trouble_unencrypted() { English: "Passwords cross the network unencrypted" }
    todo_unencrypted() { English: "Put a reverse proxy with TLS before this node, or listen on this machine alone." }
    other_nodes() { English: "The other nodes" }
    no_other_members() { English: "There is no other member yet. A steward makes an invitation with <code>folkmoot invite</code>." }
    connection() { English: "Connection" }
    catch_up() { English: "Catch-up" }
    address() { English: "Address" }
    up_to_date() { English: "up to date" }
    not_compared() { English: "not compared yet" }
    round_trip(ms) { English: "{ms} ms there and back" }
    none_known() { English: "none known" }
    stored_here() { English: "Stored here" }
    entries() { English: "Entries" }
    size() { English: "Size" }
    logs() { English: "Logs" }
    newest() { English: "Newest entry" }
    nothing_yet() { English: "nothing yet" }
    held_back() { English: "Held back" }
    clock() { English: "Clock" }
    clock_agrees() { English: "agrees with the other nodes" }
    clock_ahead(off) { English: "{off} ahead of the other nodes" }
    clock_behind(off) { English: "{off} behind the other nodes" }
    clock_unknown() { English: "not compared: no other node answers" }
    running_since() { English: "Running since" }
    release() { English: "Release" }
    node_key() { English: "Node key" }
    people_of(member) { English: "People of {member}" }
    people_explained() { English: "Who acts for this member, and what they may do. Other members see names and roles, never mail addresses." }
    invitation_for(name) { English: "Invitation for {name}" }
    invitation_shown_once(name) { English: "Give this link to {name} over a channel you trust. It works once and is not shown again." }
    roles() { English: "Roles" }
    account_here() { English: "Account" }
    remove() { English: "Remove" }
    not_in_mandate() { English: "cannot vote until the root key signs a mandate" }
    keys_on_own_device() { English: "signs on a device of their own" }
    invited_until(when) { English: "invited, the link works until {when}" }
    has_account() { English: "can sign in here" }
    has_no_account() { English: "none on this node" }
    only_stewards_invite(member) { English: "Only a steward of {member} can invite or remove people." }
    invite_somebody() { English: "Invite somebody" }
    root_key_elsewhere() { English: "The root key is not on this node: a new delegate can vote once a mandate is signed with it (<code>folkmoot key mandate</code>)." }
    person_name_hint() { English: "How the others know them. They sign in with it." }
    mail() { English: "Mail address" }
    mail_hint() { English: "May stay empty. For reminders while your co-op’s vote is missing; it never leaves this node." }
    delegate_means() { English: "Casts this member’s vote." }
    worker_means() { English: "Logs hours." }
    steward_means() { English: "Runs the node, invites and removes people." }
    make_invitation() { English: "Make an invitation" }
    password_opens_root() { English: "Needed to name a delegate or a steward: it opens the root key in your account." }
    keys_of(member) { English: "Keys of {member}" }
    keys_explained() { English: "What can sign for this member." }
    key() { English: "Key" }
    purpose() { English: "For" }
    where_it_is() { English: "Where" }
    changing_keys() { English: "Changing keys" }
    keys_by_command() { English: "Granting, naming delegates, revoking and taking the root key off this node are done on the node’s command line, so that a stolen browser session cannot do them:" }
    purpose_root() { English: "root" }
    purpose_node() { English: "node" }
    purpose_person() { English: "person" }
    purpose_validator() { English: "validator" }
    on_this_node() { English: "on this node" }
    not_on_this_node() { English: "not on this node" }
    revoked_at(when) { English: "revoked {when}" }
    key_forked() { English: "signed two histories" }
    leaving_the_federation() { English: "Leaving the federation" }
    leaving_explained() { English: "A co-op leaves with its root key, at the terminal of its node. From the next height of the register on it signs nothing, and its node shows what it has. It cannot be taken back: who comes back applies with a new root key." }
    leaving_validators(all, then, faulty, after) { English: "Votes are then closed by {then} nodes instead of {all}. Of {all} there may be {faulty} away or lying, then {after}; with three or fewer nodes none." }
    leaving_hosted() { English: "Hosted here: they move first" }
    leaving_asking() { English: "Ask to join with this node as their host" }
    leaving_offices() { English: "Offices by decision, which end" }
    leaving_coordinates() { English: "Circles that need another coordinator" }
    leaving_actions() { English: "Open action points" }
    leaving_proposals() { English: "Own proposals that are voted on" }
    leaving_command() { English: "This shows all of it once more and changes nothing; the same with <code>--yes</code> writes an export and leaves:" }
    held_until(day) { English: "until {day}" }
    left_banner(member, height) { English: "{member} is a member no more, since height {height} of the register. This node shows what it has, and nothing is signed here any more." }
    left_expelled_banner(member, height) { English: "{member} was expelled at height {height} of the register. This node shows what it has, and nothing is signed here any more." }
    key_stands() { English: "stands" }
    granted_at(when) { English: "granted {when}" }
}

plurals! {
    node_up_to_date[all](connected) {
        English: one "{connected} of {all} other node is connected. Nothing is missing here." other "{connected} of {all} other nodes are connected. Nothing is missing here."
    }
    node_catching_up[all](connected) {
        English: one "{connected} of {all} other node is connected. This node is catching up." other "{connected} of {all} other nodes are connected. This node is catching up."
    }
    receiving[count]() { English: one "{count} entry on its way here" other "{count} entries on their way here" }
    sending[count]() { English: one "{count} entry on its way there" other "{count} entries on their way there" }
    held_entries[count]() {
        English: one "{count} entry from the future" other "{count} entries from the future"
    }
    entries_signed[count]() { English: one "{count} entry signed" other "{count} entries signed" }
}
