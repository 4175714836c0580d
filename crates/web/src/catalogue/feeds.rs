//! Calendar and news feeds: plain text, without markup.

use super::*;

messages! {
    calendar_name(federation) { English: "{federation}: votes" }
    calendar_about(member) { English: "When votes are open and until when, as the node of {member} knows." }
    event_closes(title) { English: "Vote closes: {title}" }
    event_needs_you(title) { English: "Vote needed: {title}" }
    event_open(title) { English: "Vote open: {title}" }
    event_integration(title) { English: "Time to integrate a block ends: {title}" }
    event_integration_about() { English: "Consent was blocked. Until then the proposer writes a new version, withdraws, or calls a vote." }
    event_of(member) { English: "Proposed by {member}." }
    event_until(when) { English: "Open until {when}." }
    event_needed(member) { English: "{member} has not voted yet." }
    event_replaced() { English: "A newer version of the proposal has replaced this vote." }
    event_withdrawn() { English: "The proposal was withdrawn." }
    event_outcome(outcome) { English: "Provisional outcome: {outcome}." }
    category_deadline() { English: "Deadline" }
    category_integration() { English: "Integration" }
    category_period() { English: "Voting" }
    feed_title(federation) { English: "{federation}: decisions" }
    feed_about(member) { English: "Proposals, votes and outcomes, as the node of {member} knows." }
    feed_title_proposed(title) { English: "Proposed: {title}" }
    feed_title_amended(number, title) { English: "Version {number}: {title}" }
    feed_title_opened(title) { English: "Vote open: {title}" }
    feed_title_needed(title) { English: "Vote needed: {title}" }
    feed_title_closed(outcome, title) { English: "Closed, {outcome}: {title}" }
    feed_title_integration(title) { English: "Blocked: {title}" }
    feed_integration(when) { English: "Until {when} the proposer writes a new version, withdraws, or calls a vote." }
    feed_title_withdrawn(title) { English: "Withdrawn: {title}" }
    feed_proposed(member) { English: "{member} proposed this. Every member can comment." }
    feed_amended(member) { English: "{member} wrote a new version. Earlier votes do not count for it." }
    feed_opened(when) { English: "Every member’s vote counts until {when}." }
    feed_needed(when, member) { English: "Every member’s vote counts until {when}. {member} has not voted yet." }
    feed_closed(outcome) { English: "The votes this node knows say: {outcome}. Votes on their way can change that." }
    feed_withdrawn(member) { English: "{member} took it back." }
    subscribe() { English: "Subscribe" }
    subscribe_explained() { English: "Calendar programs and feed readers keep you up to date with these addresses. They are yours: whoever has them can read what needs your vote, so give them to your own programs only." }
    subscribe_public() { English: "Follow from elsewhere" }
    subscribe_public_explained() { English: "Anyone may subscribe to what this archive shows:" }
    calendar_feed() { English: "Calendar of votes" }
    news_feed() { English: "News of decisions" }
    calendar_feed_hint() { English: "In your calendar program choose to add or subscribe to a calendar by its address." }
    news_feed_hint() { English: "Paste it into a feed reader." }
    renew_addresses() { English: "Make new addresses" }
    renew_explained() { English: "If somebody else got them: the old ones end at once." }
    done_feed_renewed() { English: "These are your new addresses. The old ones open nothing from now on." }
}

plurals! {
    feed_about_needs[count](member) {
        English: one "{count} decision needs the vote of {member}." other "{count} decisions need the vote of {member}."
    }
    calendar_about_needs[count](member) {
        English: one "{count} decision needs the vote of {member}." other "{count} decisions need the vote of {member}."
    }
}
