//! The account, signing in, invitations, and errors.

use super::*;

messages! {
    acts_for_without_role(member) { English: "For {member} you have no role." }
    acts_for(member, roles) { English: "For {member} you are {roles}." }
    settings() { English: "Settings" }
    time_zone() { English: "Time zone" }
    time_zone_hint() { English: "Deadlines are shown in it, with UTC beside." }
    theme() { English: "Light or dark" }
    theme_system() { English: "As this device is set" }
    theme_light() { English: "Light" }
    theme_dark() { English: "Dark" }
    tokens() { English: "Personal tokens" }
    tokens_explained() { English: "A token lets the command line or a program act as you at this node. It can do all that you can." }
    new_token(label) { English: "Token “{label}”" }
    token_shown_once() { English: "Copy it now: it is not shown again." }
    no_tokens() { English: "You have no token." }
    made_at(when) { English: "made {when}" }
    used_at(when) { English: "used {when}" }
    never_used() { English: "never used" }
    revoke() { English: "Revoke" }
    token_label() { English: "What the token is for" }
    token_label_hint() { English: "Such as “command line on my laptop”." }
    make_token() { English: "Make a token" }
    password() { English: "Password" }
    current_password() { English: "Current password" }
    new_password() { English: "New password" }
    password_hint() { English: "At least 10 characters. A few words that only you put together are good. Pasting is fine." }
    change_password() { English: "Change the password" }
    sign_out() { English: "Sign out" }
    sign_out_everywhere() { English: "Sign out everywhere" }
    sign_in_at(member) { English: "Sign in at {member}" }
    sign_in_explained(federation) { English: "For the people of this member of {federation}." }
    no_account_yet() { English: "No account yet? A steward of this member can invite you. <a href=\"/archive\">The public archive</a> is open to all." }
    welcome() { English: "Welcome" }
    welcome_to(member) { English: "Welcome to {member}" }
    first_steward(member) { English: "You are the first steward of {member}’s node. Choose the name and password you sign in with; then invite the others." }
    invited_as(member, roles) { English: "A steward of {member} invites you as {roles}. Choose the name and password you sign in with." }
    your_name() { English: "Your name" }
    your_name_hint() { English: "How the other members know you. You sign in with it." }
    begin() { English: "Begin" }
    link_works_until(when) { English: "This link works once, until {when}." }
    what_is_safe() { English: "What is safe" }
    what_next() { English: "What next" }
    reference(code) { English: "Reference, if you ask a steward: <code>{code}</code>" }
    error_not_found() { English: "There is nothing here" }
    error_not_found_what() { English: "No page has this address. A decision, member or circle that this node has not received yet looks the same." }
    error_forbidden(role) { English: "Only a {role} can do this" }
    error_forbidden_what(member, role) { English: "Your roles at {member} do not include {role}. A steward can change that: <a href=\"/node/people\">the people of this member</a>." }
    error_expired() { English: "This form has expired" }
    error_expired_what() { English: "You were signed out, or the form was open for too long, so it could not be told apart from one that somebody else made." }
    error_too_many() { English: "Too many attempts" }
    error_too_many_what(left) { English: "This address is let in again in {left}." }
    error_too_large() { English: "That is too large" }
    error_too_large_what(limit) { English: "This page takes {limit} at most." }
    error_refused() { English: "This was not accepted" }
    error_invitation() { English: "This link does not work" }
    error_invitation_what() { English: "It was used already, or it is too old." }
    error_busy() { English: "This node is busy" }
    error_busy_what() { English: "It could not answer in time." }
    error_broken() { English: "Something broke here" }
    error_broken_what() { English: "This node could not finish. It is our fault, not yours." }
    safe_nothing_changed() { English: "Nothing was changed, and nothing that was stored is lost." }
    safe_text_kept() { English: "Nothing was changed. What you typed is still in the form if you go back." }
    next_go_home() { English: "<a href=\"/\">Go to Home</a> or look through <a href=\"/decide?show=all\">all decisions</a>." }
    next_sign_in() { English: "<a href=\"/sign-in\">Sign in</a>, go back to the form and send it again." }
    next_wait() { English: "Wait, then try again. If you forgot the password, a steward can invite you anew." }
    next_shorten() { English: "Go back, shorten it and send it again. Long texts can be linked." }
    next_go_back() { English: "Go back, change what is named above and send it again." }
    next_ask_invitation() { English: "Ask a steward for a new one, or <a href=\"/sign-in\">sign in</a> if you have chosen a password before." }
    next_try_again() { English: "Try again in a minute. If it stays, tell a steward the reference below; <a href=\"/node\">this node</a> shows what is wrong." }
}

plurals! {
    sessions_open[count]() {
        English: one "You are signed in here and nowhere else." other "You are signed in at {count} places."
    }
}
