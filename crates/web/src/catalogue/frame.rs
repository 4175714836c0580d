//! What surrounds every page, and what several pages say.

use super::*;

messages! {
    and(head, last) { English: "{head} and {last}" }
    skip_to_content() { English: "Skip to content" }
    main_navigation() { English: "Main" }
    about_this_page() { English: "About this page" }
    you_are_here() { English: "You are here" }
    home() { English: "Home" }
    decide() { English: "Decide" }
    federation() { English: "Federation" }
    this_node() { English: "This node" }
    account() { English: "Account" }
    archive() { English: "Archive" }
    sign_in() { English: "Sign in" }
    waiting_for_you() { English: ", waiting for you:" }
    not_live_since(time) { English: "Not live since {time}." }
    reload() { English: "Reload" }
    pause_live_updates() { English: "Pause live updates" }
    you_act_as(person, member, federation) {
        English: "You are signed in as {person} for {member}, a member of {federation}."
    }
    you_only_read(member, federation) {
        English: "This is the public archive of {federation}, shown by the node of {member}."
    }
    times_are_in_zone(zone) { English: "Times are in your zone, {zone}; deadlines also in UTC." }
    times_are_utc() { English: "Times are in UTC." }
    public_archive() { English: "Public archive" }
    words_explained() { English: "Words explained" }
    charter() { English: "Charter" }
    zone_and_theme() { English: "Time zone, light or dark" }
    error_before_title() { English: "Error:" }
    there_is_a_problem() { English: "There is a problem" }
    every_member_sees_it() { English: "Every member will see it." }
    save() { English: "Save" }
    state_deliberation() { English: "Deliberation" }
    state_voting() { English: "Voting" }
    state_passed() { English: "passed" }
    state_blocked() { English: "blocked" }
    state_no_quorum() { English: "no quorum" }
    state_rejected() { English: "rejected" }
    state_integration() { English: "Integrating a block" }
    state_provisional(outcome) { English: "Provisional: {outcome}" }
    state_withdrawn() { English: "Withdrawn" }
    choice_agree() { English: "Agree" }
    choice_abstain() { English: "Abstain" }
    choice_stand_aside() { English: "Abstain, stand aside" }
    choice_block() { English: "Block" }
    choice_disagree() { English: "Disagree" }
    done_voted() { English: "Your co-op’s vote is stored here and is on its way to every other node." }
    done_proposed() { English: "The proposal stands. Every member can read it and comment." }
    done_amended() { English: "The new version stands." }
    done_opened() { English: "Voting is open. Every member’s vote counts until the deadline." }
    done_withdrawn() { English: "The proposal is withdrawn. Its text and votes stay readable." }
    done_commented() { English: "Your comment is stored here and is on its way to every other node." }
    done_saved() { English: "Saved, and on its way to every other node." }
    done_admitted() { English: "Signed with this member’s root key." }
    done_applied() { English: "Signed with your root key, and on its way to all members." }
    done_saved_here() { English: "Saved. It holds from now on." }
    done_removed() { English: "Removed. This person’s keys sign nothing from now on." }
    done_password_changed() { English: "The password is changed. Every other session has ended." }
    done_token_revoked() { English: "The token is revoked and opens nothing from now on." }
    done_signed_out() { English: "Signed out everywhere." }
}
