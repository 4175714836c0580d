//! Mails: plain text, without markup. And what pages say about them.

use super::*;

messages! {
    mail_subject_opening(title) { English: "Vote open: {title}" }
    mail_subject_half(title) { English: "Half time, your vote is missing: {title}" }
    mail_subject_day(title) { English: "One day left, your vote is missing: {title}" }
    mail_subject_hours(title) { English: "Two hours left, your vote is missing: {title}" }
    mail_hello(name) { English: "{name}," }
    mail_opening(member, title) { English: "Voting is open and {member} has not voted yet:\n\n  {title}" }
    mail_missing(member, title) { English: "{member} has not voted yet:\n\n  {title}" }
    mail_proposed_by(member) { English: "Proposed by {member}." }
    mail_until(when) { English: "Open until {when}." }
    mail_vote_here(address) { English: "Read it and vote:\n{address}" }
    mail_stops() { English: "You hear no more of this vote once your co-op has voted." }
    mail_reason_reminder(member) { English: "You get this because you cast the vote of {member}." }
    mail_reason_digest(member) { English: "You get this once a day because you cast the vote of {member}." }
    mail_end_reminders(address) { English: "No more reminders, with one click:\n{address}" }
    mail_end_digest(address) { English: "No more daily digests, with one click:\n{address}" }
    mail_settings(address) { English: "All your settings:\n{address}" }
    mail_digest_subject(federation) { English: "{federation}: today" }
    mail_digest_nothing() { English: "Nothing needs your vote." }
    mail_digest_needs() { English: "Needs your vote" }
    mail_digest_open() { English: "Also open" }
    mail_digest_closed() { English: "Closed since yesterday" }
    mail_digest_vote(title, when, address) { English: "* {title}\n  Open until {when}.\n  {address}" }
    mail_digest_talk(title, address) { English: "* {title}\n  Being talked about.\n  {address}" }
    mail_digest_integration(title, when, address) { English: "* {title}\n  Blocked. The proposer has until {when} to integrate the block.\n  {address}" }
    mail_digest_end(title, outcome, address) { English: "* {title}\n  {outcome}.\n  {address}" }
    reminders() { English: "Mail to you" }
    reminders_explained() { English: "Only while your co-op’s vote is missing: when voting opens, at half time, a day and two hours before the deadline. The digest comes once a day if there is something to say." }
    reminders_not_delegate() { English: "Only delegates are reminded of votes, because they cast them. The digest tells you of your action points and the gatherings of your circles." }
    mail_reason_digest_own(member) { English: "You get this because you act for {member} and have something to do or a gathering to come to." }
    reminders_off_here() { English: "This node sends no mail. A steward can turn that on under <code>[mail]</code> in its configuration." }
    reminders_address_hint() { English: "It never leaves this node. Without one, nothing is sent." }
    reminders_wanted() { English: "Remind me while our vote is missing" }
    digest_wanted() { English: "Send me a daily digest" }
    digest_hour() { English: "Digest at" }
    digest_hour_hint(zone) { English: "In your time zone, {zone}." }
    done_reminders_set() { English: "Saved. It applies to the next mail." }
    unsubscribe_reminders() { English: "No more reminders" }
    unsubscribe_digest() { English: "No more daily digests" }
    unsubscribe_reminders_explained(member) { English: "You will not be reminded by mail when the vote of {member} is missing." }
    unsubscribe_digest_explained(member) { English: "You will get no daily digest from {member}." }
    unsubscribe_do() { English: "Stop these mails" }
    unsubscribed() { English: "These mails have stopped" }
    unsubscribed_explained() { English: "You can turn them on again on <a href=\"/account#reminders\">your account page</a>." }
    trouble_mail() { English: "Mail cannot be sent" }
    todo_mail(because, since) { English: "Since {since} the mail server says: {because}. Check <code>[mail]</code> in folkmoot.toml and the mail server; what waits is tried again by itself." }
}

plurals! {
    mail_digest_subject_needs[count](federation) {
        English: one "{federation}: {count} vote needed" other "{federation}: {count} votes needed"
    }
    mails_wait[count]() { English: one "{count} mail waits." other "{count} mails wait." }
}
