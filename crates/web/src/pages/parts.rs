//! Small pieces that several pages share.

use domain::{
    charter::RuleName,
    decision::{Choice, Verdict},
    id::Timestamp,
};
use maud::{Markup, html};
use register::chain::Ending;

use crate::catalogue::Language;

/// Something with a page of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its id, as in addresses.
    pub id: String,
    /// What people call it.
    pub name: String,
}

impl Name {
    /// A name and its id.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
        }
    }
}

/// The name of a rule.
pub(crate) fn rule_name(say: Language, rule: RuleName) -> Markup {
    match rule {
        RuleName::Consent => say.consent(),
        RuleName::OneMemberOneVote => say.one_member_one_vote(),
        RuleName::ConsentThenVote => say.consent_then_vote(),
        RuleName::ClassWeighted => say.class_weighted(),
        RuleName::Charter => say.charter_rule(),
    }
}

/// What a rule means, in a sentence.
pub(crate) fn rule_means(say: Language, rule: RuleName) -> Markup {
    match rule {
        RuleName::Consent => say.consent_means(),
        RuleName::OneMemberOneVote => say.one_member_one_vote_means(),
        RuleName::ConsentThenVote => say.consent_then_vote_means(),
        RuleName::ClassWeighted => say.class_weighted_means(),
        RuleName::Charter => say.charter_rule_means(),
    }
}

/// The state of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Comments are welcome, nobody votes yet.
    Deliberation,
    /// Members vote.
    Voting,
    /// Blocked: until then the proposer can integrate the block.
    Integration(Timestamp),
    /// Closed, and the votes this node knows say this.
    Closed(Outcome),
    /// It passed, and its day of review has come.
    UnderReview,
    /// Taken back by its proposer.
    Withdrawn,
    /// Its time is over, and the register decides what counted.
    Counting,
    /// Decided in the register, once and for ever.
    Final(Ending),
}

/// What a count of votes says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It passes.
    Passed,
    /// A block stands.
    Blocked,
    /// Too few voted.
    NoQuorum,
    /// Not enough agreed.
    Rejected,
}

impl Outcome {
    /// The outcome's word.
    pub(crate) fn word(self, say: Language) -> Markup {
        match self {
            Self::Passed => say.state_passed(),
            Self::Blocked => say.state_blocked(),
            Self::NoQuorum => say.state_no_quorum(),
            Self::Rejected => say.state_rejected(),
        }
    }
}

impl State {
    /// Whether nobody votes or talks about it any more.
    pub(crate) fn is_over(self) -> bool {
        matches!(
            self,
            Self::Closed(_) | Self::UnderReview | Self::Withdrawn | Self::Counting | Self::Final(_)
        )
    }

    /// The state's one word.
    pub(crate) fn word(self, say: Language) -> Markup {
        match self {
            Self::Deliberation => say.state_deliberation(),
            Self::Voting => say.state_voting(),
            Self::Integration(_) => say.state_integration(),
            Self::Closed(outcome) => say.state_provisional(outcome.word(say)),
            Self::UnderReview => say.state_under_review(),
            Self::Withdrawn => say.state_withdrawn(),
            Self::Counting => say.state_counting(),
            Self::Final(ending) => ending_word(say, ending),
        }
    }

    /// The shape that goes with the word.
    pub(crate) fn shape(self) -> &'static str {
        match self {
            Self::Deliberation => "talk",
            Self::Voting => "voting",
            Self::Integration(_) => "wait",
            Self::Closed(_) => "provisional",
            Self::UnderReview => "review",
            Self::Withdrawn => "withdrawn",
            Self::Counting => "counting",
            Self::Final(ending) => ending_shape(ending),
        }
    }

    /// The family of colour.
    pub(crate) fn family(self) -> &'static str {
        match self {
            Self::Deliberation | Self::Withdrawn => "k-rest",
            Self::Voting | Self::UnderReview => "k-action",
            Self::Integration(_) => "k-wait",
            Self::Closed(_) | Self::Counting => "k-count",
            Self::Final(ending) => ending_family(ending),
        }
    }

    /// Word and shape in a pill.
    pub(crate) fn pill(self, say: Language) -> Markup {
        html! { span class={ "state " (self.family()) } { (icon(self.shape())) (self.word(say)) } }
    }
}

/// The word of how a vote ended.
pub(crate) fn ending_word(say: Language, ending: Ending) -> Markup {
    match ending {
        Ending::Judged(Verdict::Passed) => say.final_passed(),
        Ending::Judged(Verdict::Blocked) => say.final_blocked(),
        Ending::Judged(Verdict::NoQuorum) => say.final_no_quorum(),
        Ending::Judged(Verdict::Rejected) => say.final_rejected(),
        Ending::Lapsed => say.final_lapsed(),
        Ending::Withdrawn => say.state_withdrawn(),
        Ending::Amended => say.final_amended(),
    }
}

fn ending_shape(ending: Ending) -> &'static str {
    match ending {
        Ending::Judged(Verdict::Passed) => "passed",
        Ending::Judged(Verdict::Blocked) | Ending::Lapsed => "block",
        Ending::Judged(Verdict::NoQuorum) => "no-quorum",
        Ending::Judged(Verdict::Rejected) => "rejected",
        Ending::Withdrawn => "withdrawn",
        Ending::Amended => "superseded",
    }
}

fn ending_family(ending: Ending) -> &'static str {
    match ending {
        Ending::Judged(Verdict::Passed) => "k-agree",
        Ending::Judged(Verdict::Blocked | Verdict::Rejected) | Ending::Lapsed => "k-block",
        Ending::Judged(Verdict::NoQuorum) | Ending::Withdrawn | Ending::Amended => "k-rest",
    }
}

/// An icon of the sprite; always beside its word.
pub(crate) fn icon(name: &str) -> Markup {
    html! {
        svg.i viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            use href={ "/assets/icons.svg#" (name) } {}
        }
    }
}

/// The word of a choice.
pub(crate) fn choice_word(say: Language, choice: Choice) -> Markup {
    match choice {
        Choice::Agree => say.choice_agree(),
        Choice::Abstain => say.choice_abstain(),
        Choice::StandAside => say.choice_stand_aside(),
        Choice::Block => say.choice_block(),
        Choice::Disagree => say.choice_disagree(),
    }
}

/// The shape of a choice.
pub(crate) fn choice_shape(choice: Choice) -> &'static str {
    match choice {
        Choice::Agree => "agree",
        Choice::Abstain | Choice::StandAside => "abstain",
        Choice::Block => "block",
        Choice::Disagree => "disagree",
    }
}

/// The family of colour of a choice.
pub(crate) fn choice_family(choice: Choice) -> &'static str {
    match choice {
        Choice::Agree => "k-agree",
        Choice::Abstain | Choice::StandAside => "k-rest",
        Choice::Block => "k-block",
        Choice::Disagree => "k-wait",
    }
}

/// A choice with its shape.
pub(crate) fn choice_mark(say: Language, choice: Choice) -> Markup {
    html! {
        span class={ "word " (choice_family(choice)) } {
            (icon(choice_shape(choice))) (choice_word(say, choice))
        }
    }
}

/// The way here: links to what is above, then the page itself.
pub(crate) fn crumbs(say: Language, above: &[(&str, Markup)], here: Markup) -> Markup {
    html! {
        nav.crumbs aria-label=(say.you_are_here()) {
            ol {
                @for (path, name) in above { li { a href=(path) { (name) } } }
                li aria-current="page" { (here) }
            }
        }
    }
}

/// The head of a page: crumbs, heading, a line below.
pub(crate) fn page_head(crumbs: Markup, heading: Markup, below: Markup) -> Markup {
    html! {
        div.page-head {
            (crumbs)
            h1 { (heading) }
            @if !below.0.is_empty() { p.sub { (below) } }
        }
    }
}

/// A link to a member; without an id, as in the archive, its name alone.
pub(crate) fn member_link(member: &Name) -> Markup {
    html! {
        @if member.id.is_empty() { (member.name) }
        @else { a href={ "/members/" (member.id) } { (member.name) } }
    }
}

/// A link to a circle; without an id its name alone.
pub(crate) fn circle_link(circle: &Name) -> Markup {
    html! {
        @if circle.id.is_empty() { (circle.name) }
        @else { a href={ "/circles/" (circle.id) } { (circle.name) } }
    }
}

/// A hash or key, short on the screen and whole on paper and for a screen reader's copy.
pub(crate) fn short(hash: &str) -> Markup {
    let count = hash.chars().count();
    if count <= 20 {
        return html! { code { (hash) } };
    }
    let head: String = hash.chars().take(10).collect();
    let tail: String = hash.chars().skip(count - 6).collect();
    html! {
        code.short title=(hash) { (head) "…" (tail) }
        code.whole { (hash) }
    }
}

/// Text of a person: paragraphs at empty lines, other line breaks kept.
pub(crate) fn paragraphs(text: &str) -> Markup {
    let normal = text.replace("\r\n", "\n");
    html! {
        @for paragraph in normal.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            p {
                @for (number, line) in paragraph.trim_matches('\n').lines().enumerate() {
                    @if number > 0 { br; }
                    (linked(line))
                }
            }
        }
    }
}

/// A line of a person's text, in which addresses of this site that proposals name are links. Others
/// stay words: whom they lead to is for the reader to see.
fn linked(line: &str) -> Markup {
    let is_link = |word: &str| {
        let named = ["/charter/compare?", "/decide/"];
        named.iter().any(|path| word.starts_with(path))
            && word.bytes().all(|b| b.is_ascii_graphic())
    };
    html! {
        @for (number, word) in line.split(' ').enumerate() {
            @if number > 0 { " " }
            @if is_link(word) { a href=(word) { (word) } } @else { (word) }
        }
    }
}

/// A note to mind: heading and words.
pub(crate) fn note(heading: Markup, words: Markup) -> Markup {
    html! { div.note { h2.h3 { (icon("wait")) (heading) } (words) } }
}

/// A link just made, with whom it is for: it is shown once.
pub(crate) fn invitation_once(say: Language, invitation: Option<&(String, String)>) -> Markup {
    html! {
        @if let Some((name, link)) = invitation {
            section.box {
                h2 { (say.invitation_for(name)) }
                p { (say.invitation_shown_once(name)) }
                p.secret { code { (link) } }
            }
        }
    }
}

/// A size in the unit that leaves at most three digits before the point; MiB and GiB as they are.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = count.saturating_mul(10);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    match unit {
        0 => format!("{count} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_one_digit_after_the_point() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(5 * 1024 * 1024 * 1024), "5.0 GiB");
    }
}
