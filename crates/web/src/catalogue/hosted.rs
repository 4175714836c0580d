//! Members that this node hosts, and the host of the reader's member.

use super::*;

messages! {
    hosting() { English: "Hosting" }
    hosted_at(member) { English: "Members that {member} hosts" }
    hosted_explained() { English: "Co-ops without a node and individuals are members like any other: they have keys of their own and vote for themselves. They sign in here, because they have no node." }
    hosted_none() { English: "No member is hosted here." }
    hosted_name() { English: "Member or applicant" }
    hosted_state() { English: "State" }
    hosted_in_force() { English: "hosted here" }
    hosted_by_decision() { English: "hosted here by decision" }
    hosted_asks() { English: "asks to be hosted here" }
    hosted_moving(host) { English: "hosted here, asks {host} to take over" }
    hosted_applies(signed, needed) { English: "signed up; {signed} of {needed} founders have admitted it" }
    hosted_signed_up() { English: "signed up; it has not accepted the charter and applied to all members yet" }
    hosted_left() { English: "not hosted here any more; its accounts are still here" }
    done_guest_removed() { English: "Removed. This node keeps nothing of its accounts and links any more." }
    hosted_keys_may_go() { English: "Its people took their keys along, or do not need them" }
    hosted_signs_itself() { English: "signs on a device of its own" }
    hosted_accept() { English: "Host it" }
    hosted_refuse() { English: "Refuse" }
    hosted_end() { English: "End hosting" }
    hosted_invite() { English: "Invite a co-op or a person" }
    hosted_invite_explained() { English: "Who opens the link chooses a name and a password and applies. You agree to host them; whether they become a member the members decide, or the founders before the register has begun." }
    hosted_for() { English: "Whom it is for" }
    hosted_for_hint() { English: "For your own memory." }
    any_class() { English: "Any class" }
    only_stewards_host(member) { English: "Only a steward of {member} can invite members or end hosting." }
    your_host() { English: "Your host" }
    your_host_explained(host) { English: "{host} runs the node where you sign in. It passes your votes on; it is not a member in your place." }
    your_host_is_elsewhere(host, here) { English: "{host} hosts you now. Your account here, at the node of {here}, goes on working until {here} removes it. To sign in at your new host, ask {host} for a link, open it and choose “I come from another host”: it takes the text of your keys, which is below." }
    your_host_asked(host) { English: "You asked {host} to take over. Until a steward there agrees, nothing changes." }
    your_host_refused(host) { English: "{host} does not host you. Choose another host." }
    your_host_unknown() { English: "You chose a host that is no member. Choose another." }
    move_host() { English: "Move to another host" }
    move_host_explained() { English: "Get a link from a steward there and open it, with your keys if they are in your account here. Or ask here: what you voted stays." }
    new_host() { English: "New host" }
    ask_to_host() { English: "Ask to be hosted there" }
    take_keys() { English: "Take your keys along" }
    take_keys_explained() { English: "A text with your keys, which only your password here opens. Paste it where you move to." }
    show_keys_text() { English: "Show the text" }
    keys_text_shown() { English: "Paste this at your new host, with the password you use here:" }
    keys_on_device() { English: "Your keys are on a device of your own: there is nothing to take along." }
    join_through(host) { English: "Join through {host}" }
    join_through_explained(federation, host) { English: "{host} invites you to become a member of {federation} and hosts you: you sign in at its node, and your vote is your own. The founders decide whether you are admitted." }
    join_through_decided(federation, host) { English: "{host} invites you to become a member of {federation} and hosts you: you sign in at its node, and your vote is your own. All members decide whether you are admitted." }
    join_member_name() { English: "Name of the co-op, or your own" }
    join_member_name_hint() { English: "The name of the new member, as everybody sees it." }
    join_class() { English: "You join as" }
    join_request() { English: "A word to the founders" }
    join_request_hint() { English: "Who you are and why you want to join. May stay empty." }
    join_request_to_all() { English: "Your request" }
    join_request_to_all_hint() { English: "Who you are and why you want to join. Anyone can read it." }
    join_contribution() { English: "What you commit yourselves to" }
    join_contribution_hint() { English: "Hours, money, servers: in one line. Anyone can read it." }
    join_terms() { English: "The charter" }
    join_terms_explained(title) { English: "Members are admitted on the terms of the charter in force, {title}." }
    join_terms_read() { English: "Read all of it" }
    join_accept() { English: "We have read this charter and accept it" }
    join_apply() { English: "Apply" }
    join_bring() { English: "I come from another host" }
    join_bring_explained() { English: "Paste the text of your keys, and enter the password you had there. Choose the same name and class as before." }
    join_export() { English: "Text of your keys" }
    join_old_password() { English: "Password at the old host" }
    applicant_banner(signed, needed) { English: "The founders have not admitted you yet: {signed} of {needed} have signed. Until then you can read the charter and the public archive; decisions, documents and votes are for members." }
    applicant_banner_unknown() { English: "You have not applied to all members yet. Until you are admitted you can read the charter and the public archive." }
    applicant_banner_waiting() { English: "The members have your application. Until you are admitted you can read the charter and the public archive." }
    applicant_banner_voting() { English: "The members vote on your admission. Until you are admitted you can read the charter and the public archive." }
    applicant_banner_refused() { English: "The members have not admitted you. You can apply again." }
    applicant_banner_outdated() { English: "The charter has changed since you accepted it. Read the new one and apply again." }
    applicant_banner_admitted() { English: "The members have admitted you. Your membership begins as soon as your root key has signed it." }
    applicant_not_asked() { English: "All members decide on admissions. Read the charter, accept it, and say who you are: then they have your application." }
    your_application() { English: "Your application" }
    your_application_explained(federation) { English: "You ask to become a member of {federation}." }
    apply_on_device() { English: "Your keys are on a device of your own. Read the charter and apply there, with the command folkmoot host apply." }
    host_of_member() { English: "Host" }
    own_node() { English: "its own node" }
    no_host() { English: "nobody yet" }
    hosted_by(host) { English: "hosted by {host}" }
    asks_host(host) { English: "has asked {host}" }
    claimed_by(hosts) { English: "{hosts} also say that they host this member, which has not chosen them. Its own word decides." }
    votes_held() { English: "Votes held" }
    will_be_hosted(host) { English: "{host} will host it: it has no node of its own." }
}

plurals! {
    holds_votes[count]() {
        English: one "{count} vote" other "{count} votes"
    }
}
