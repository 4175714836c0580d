//! The first steps of a new co-op.

use super::*;

messages! {
    first_steps() { English: "First steps of your co-op" }
    step_is_done() { English: "Done:" }
    step_to_do() { English: "To do:" }
    hide_first_steps() { English: "Put this list away" }
    show_first_steps() { English: "Show the first steps again" }
    step_profile() { English: "Say who you are" }
    step_profile_hint() { English: "Region and a few sentences, so that the others know whom they decide with." }
    step_delegate() { English: "Name who votes for your co-op" }
    step_delegate_hint() { English: "A mandate, signed with the root key, lists your delegates." }
    step_second_steward() { English: "Do not depend on one person" }
    step_second_steward_hint() { English: "Invite a second steward, or keep the root key away from this node with a copy in a safe place. Who loses both loses the membership." }
    step_people() { English: "Invite your people" }
    step_people_hint() { English: "Each gets an account and a key by a link that works once." }
    step_circle() { English: "Join a circle" }
    step_circle_hint() { English: "That is where work and gatherings are agreed on." }
    step_vote() { English: "Cast your first vote" }
    step_vote_hint() { English: "Where nothing is open yet, it stays here until something is." }
    step_node() { English: "Be reachable for the other nodes" }
    step_node_hint() { English: "No other node is connected, or yours has not said where it can be reached. This page says what is wrong." }
    step_host() { English: "Be served by a host" }
    step_host_hint() { English: "The host you chose has not said yes, or has ended it. Choose one there." }
    step_mail() { English: "Be reminded by mail" }
    step_mail_hint() { English: "Give an address: you hear when your co-op’s vote is missing, and once a day what is open." }
    step_mail_off_hint() { English: "This node sends no mail yet. Set <code>[mail]</code> in folkmoot.toml." }
}

plurals! {
    first_steps_done[all](done) {
        English: one "{done} of {all} is done." other "{done} of {all} are done."
    }
}
