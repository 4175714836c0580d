//! One decision, for ever: its state in a sentence, what this co-op does, what decides, who voted
//! and why, the text, the way here, and what can be checked.

mod archive;
mod ballot;
mod rule;
mod text;
mod votes;

use domain::decision::Choice;
use domain::id::Timestamp;
use maud::{Markup, html};

use super::form::{Field, Filled, csrf};
use super::frame::{Area, Frame, Head, document};
use super::parts::{
    Name, Outcome, State, circle_link, crumbs, icon, member_link, note, page_head, paragraphs,
    short,
};

/// Words of a person that may be gone: free text can be erased, and can still be on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// Nothing was written.
    None,
    /// The words.
    Here(String),
    /// This node does not have them yet.
    NotHere,
    /// They were erased by their author.
    Erased,
}

/// How a decision is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rule's name in the charter.
    pub name: String,
    /// What kind of rule it is.
    pub kind: RuleKind,
    /// Against is a choice of its own here.
    pub allows_disagree: bool,
    /// Visible characters the reason of a block must have (charter).
    pub reason_characters_min: u64,
    /// The numbered aims of the charter that a block can name.
    pub aims: Vec<(u64, String)>,
}

/// The kinds of rules of this release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Quorum, somebody agrees, nobody blocks.
    Consent,
    /// Quorum, more agree than are against.
    OneMemberOneVote,
}

/// One condition of a rule with the figures of this count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Enough members voted: `fraction` of `electors`.
    Quorum {
        /// Ballots that count.
        cast: u64,
        /// How many are needed.
        needed: u64,
        /// Members that may vote.
        electors: u64,
        /// Numerator and denominator of the charter's quorum.
        fraction: (u64, u64),
    },
    /// Enough agree; one, unless the charter says more.
    SomeoneAgrees {
        /// Members that agree.
        agree: u64,
        /// Members that abstain or stand aside.
        abstain: u64,
        /// How many must agree (charter).
        needed: u64,
    },
    /// Nobody blocks, or fewer than it takes.
    NoBlock {
        /// The members that block.
        blocking: Vec<String>,
        /// How many blocks stop it (charter).
        needed: u64,
    },
    /// More agree than are against.
    MoreAgreeThanAgainst {
        /// Members that agree.
        agree: u64,
        /// Members that block or disagree.
        against: u64,
    },
}

/// A condition, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The condition with its figures.
    pub condition: Condition,
    /// Whether it holds.
    pub met: bool,
}

/// Why a ballot does not count as it was cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Its time is in the voting period, it came here after it.
    Late {
        /// When it came here.
        arrived: Timestamp,
    },
    /// The member sent two different ballots of one revision: counts as abstain.
    Conflicting,
    /// Not counted, and why, as a sentence of the core.
    NotCounted {
        /// The reason.
        because: String,
    },
}

/// A ballot that stands for its member.
#[derive(Debug, Clone)]
pub struct Vote {
    /// The ballot's entry, which replies name.
    pub entry: String,
    /// Who voted.
    pub member: Name,
    /// The member's class.
    pub class: String,
    /// What the ballot says.
    pub choice: Choice,
    /// The aim a block protects.
    pub aim: Option<String>,
    /// Why.
    pub reason: Words,
    /// The delegate, where this node may know the name.
    pub delegate: Option<String>,
    /// The time the ballot claims.
    pub at: Timestamp,
    /// 1 to 8.
    pub revision: u8,
    /// What the member voted before, oldest first.
    pub earlier: Vec<(Choice, Timestamp)>,
    /// What is unusual.
    pub marks: Vec<Mark>,
    /// Signed on the delegate's own device rather than by the node for it.
    pub own_device: bool,
    /// Replies to the reason.
    pub replies: Vec<Comment>,
}

/// A seat of the electorate.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The member.
    pub member: Name,
    /// How it counts; a conflict counts as abstain.
    pub choice: Option<Choice>,
}

/// The seats of one class.
#[derive(Debug, Clone)]
pub struct Class {
    /// The class's name in the charter.
    pub name: String,
    /// Its members, in the order of the electorate.
    pub seats: Vec<Seat>,
}

/// A member that has not voted.
#[derive(Debug, Clone)]
pub struct Missing {
    /// The member.
    pub member: Name,
    /// Its node has not been heard from since then, so it may have voted.
    pub silent_since: Option<Timestamp>,
    /// It is the reader's own.
    pub own: bool,
}

/// What the reader's co-op did.
#[derive(Debug, Clone)]
pub enum Own {
    /// It is not in the electorate, or nobody votes now.
    NoVote,
    /// It voted on no version.
    NotVoted,
    /// It voted on an earlier version, which does not count for this one.
    VotedEarlier {
        /// What it said.
        choice: Choice,
        /// On which version.
        version: u64,
        /// When.
        at: Timestamp,
    },
    /// It voted on this version.
    Voted {
        /// What it said.
        choice: Choice,
        /// The delegate who said so, where known.
        by: Option<String>,
        /// When.
        at: Timestamp,
        /// How often it can still be changed.
        changes_left: u8,
        /// The reason, for the form that changes it.
        reason: String,
        /// The number of the aim, for the form that changes it.
        aim: Option<u64>,
    },
}

/// A comment of the discussion or a reply.
#[derive(Debug, Clone)]
pub struct Comment {
    /// Its entry.
    pub entry: String,
    /// Who wrote it for which member.
    pub person: Option<String>,
    /// The member it was written for.
    pub member: Name,
    /// When.
    pub at: Timestamp,
    /// What it says.
    pub words: Words,
    /// The proposer's member wrote it.
    pub by_proposer: bool,
    /// Replies to it.
    pub replies: Vec<Comment>,
}

/// A step on the way here.
#[derive(Debug, Clone)]
pub enum Step {
    /// Version 1 was proposed.
    Proposed {
        /// By which member.
        by: Name,
    },
    /// A new version was written.
    Amended {
        /// Its number.
        version: u64,
        /// What changed, in the proposer's words.
        what_changed: Words,
    },
    /// Voting was opened.
    Opened {
        /// On which version.
        version: u64,
    },
    /// A member blocked.
    Blocked {
        /// Which one.
        by: Name,
    },
    /// Voting closed.
    Closed {
        /// On which version.
        version: u64,
        /// What the votes said then.
        outcome: Outcome,
    },
    /// It was withdrawn.
    Withdrawn {
        /// Why.
        reason: Words,
    },
}

/// A version of the text.
#[derive(Debug, Clone)]
pub struct Version {
    /// 1 and up.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text; nothing where it has not arrived yet.
    pub text: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// The hash that ballots name.
    pub hash: String,
}

/// A vote on one version.
#[derive(Debug, Clone)]
pub struct Phase {
    /// The opening's entry.
    pub opening: String,
    /// The hash of the electorate.
    pub electorate_hash: String,
    /// When voting was opened.
    pub opened: Timestamp,
    /// When it closes.
    pub deadline: Timestamp,
    /// The electorate by class.
    pub classes: Vec<Class>,
    /// Every ballot of the phase, one for each member.
    pub votes: Vec<Vote>,
    /// Who has not voted.
    pub missing: Vec<Missing>,
    /// The rule's conditions with this count's figures.
    pub checks: Vec<Check>,
    /// What the count says now.
    pub outcome: Outcome,
}

impl Phase {
    fn electors(&self) -> u64 {
        self.classes
            .iter()
            .map(|class| class.seats.len() as u64)
            .sum()
    }

    fn count(&self, choices: &[Choice]) -> u64 {
        let seats = self.classes.iter().flat_map(|class| &class.seats);
        seats
            .filter(|seat| seat.choice.is_some_and(|choice| choices.contains(&choice)))
            .count() as u64
    }

    fn cast(&self) -> u64 {
        self.count(&Choice::ALL)
    }
}

/// What the reader may do beside voting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct May {
    /// Open voting.
    pub open: bool,
    /// Write a new version.
    pub amend: bool,
    /// Take it back.
    pub withdraw: bool,
    /// Comment.
    pub comment: bool,
    /// Vote for its member.
    pub vote: bool,
}

/// A node this one does not hear from.
#[derive(Debug, Clone)]
pub struct Silent {
    /// Its member.
    pub member: Name,
    /// Last heard from then; nothing if never.
    pub since: Option<Timestamp>,
}

/// Everything the page of one decision shows.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The proposal's id.
    pub id: String,
    /// Who proposed it.
    pub proposer: Name,
    /// The circle it is for.
    pub circle: Option<Name>,
    /// Language of the text, as a tag.
    pub language: String,
    /// Why it is urgent.
    pub urgent: Option<String>,
    /// Where it stands.
    pub state: State,
    /// How it is decided.
    pub rule: Rule,
    /// The version that is voted on, or the newest.
    pub version: Version,
    /// The version before it.
    pub previous: Option<Version>,
    /// The vote on that version, if it was opened.
    pub phase: Option<Phase>,
    /// What the reader's co-op did.
    pub own: Own,
    /// What the reader may do.
    pub may: May,
    /// The way here, oldest first.
    pub steps: Vec<(Timestamp, Step)>,
    /// Nodes not heard from that could hold votes.
    pub silent: Vec<Silent>,
    /// Nodes connected now, this one included, and nodes of the federation.
    pub connected: (u64, u64),
    /// The discussion, oldest first.
    pub comments: Vec<Comment>,
}

/// The page of one decision; each form that came back is given with what was typed.
#[must_use]
pub fn page(frame: &Frame, view: &Decision, forms: &Forms) -> Markup {
    let say = frame.language;
    let title = html! { (view.state.word(say)) ": " (view.version.title) };
    let head = Head {
        filled: forms.sent(),
        ..Head::live(title, Area::Decide)
    };
    document(frame, &head, body(frame, view, forms))
}

/// The same for anyone, in the archive: no forms, and nothing that only members may read.
#[must_use]
pub fn archived(frame: &Frame, view: &Decision) -> Markup {
    let view = archive::public_part(view);
    let title = html! { (view.state.word(frame.language)) ": " (view.version.title) };
    let head = Head::new(title, Area::Archive);
    document(frame, &head, body(frame, &view, &Forms::default()))
}

/// The forms of the page, as they came back if they did.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// `/decide/{id}/vote`
    pub vote: Filled,
    /// `/decide/{id}/comment`
    pub comment: Filled,
    /// `/decide/{id}/withdraw`
    pub withdraw: Filled,
    /// Show the ballot again though a vote stands (`?change=1`).
    pub change: bool,
}

impl Forms {
    fn sent(&self) -> Option<&Filled> {
        [&self.vote, &self.comment, &self.withdraw]
            .into_iter()
            .find(|filled| filled.has_errors())
    }
}

fn body(frame: &Frame, view: &Decision, forms: &Forms) -> Markup {
    let say = frame.language;
    let reader = frame.session.is_some();
    let above = match reader {
        true => [("/decide", say.decide())],
        false => [("/archive", say.archive())],
    };
    html! {
        (page_head(
            crumbs(say, &above, html! { (short(&view.id)) }),
            html! { span lang=(view.language) { (view.version.title) } },
            proposed_by(frame, view),
        ))
        (state_sentence(frame, view))
        div.split {
            div.col {
                (ballot::section(frame, view, forms))
                (process(frame, view, &forms.withdraw))
            }
            div.col { (rule::section(frame, view)) (honesty(frame, view)) }
        }
        @if let Some(phase) = &view.phase {
            div.split.area {
                (votes::seats(say, view, phase))
                (votes::missing(frame, phase))
            }
        }
        div.split.area {
            div.col {
                @if let Some(phase) = &view.phase { (votes::voices(frame, view, phase)) }
                (text::section(frame, view))
            }
            div.col {
                (timeline(frame, view))
                (proof(frame, view))
            }
        }
        @if reader { (discussion(frame, view, &forms.comment)) }
    }
}

fn proposed_by(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    let by = member_link(&view.proposer);
    html! {
        @match &view.circle {
            Some(circle) => (say.proposed_by_for(by, circle_link(circle), view.version.number)),
            None => (say.proposed_by(by, view.version.number)),
        }
        @if let Some(why) = &view.urgent { " " (say.urgent_because(why)) }
    }
}

/// The sentence everything else explains.
fn state_sentence(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    html! {
        section aria-labelledby="state-title" data-live="state" {
            h2.vh id="state-title" { (say.state()) }
            div class={ "sentence " (view.state.family()) } {
                (icon(view.state.shape()))
                div { (sentence(frame, view)) }
            }
            p.vh data-say-now {
                (view.state.word(say)) ". "
                @if let Some(phase) = &view.phase {
                    (say.blocks_sentence(phase.count(&[Choice::Block])))
                }
            }
            @if let Some(phase) = &view.phase {
                p.vh data-say-later { (say.have_voted(phase.electors(), phase.cast())) }
            }
        }
    }
}

fn sentence(frame: &Frame, view: &Decision) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let version = view.version.number;
    let Some(phase) = &view.phase else {
        return html! {
            @if view.state == State::Withdrawn { p.say { (say.sentence_withdrawn(version)) } }
            @else {
                p.say { (say.sentence_deliberation(version)) }
                p.then { (say.then_deliberation(member_link(&view.proposer))) }
            }
        };
    };
    let share = say.have_voted(phase.electors(), phase.cast());
    let blocks = phase.count(&[Choice::Block]);
    html! {
        @match view.state {
            State::Withdrawn => p.say { (say.sentence_withdrawn(version)) },
            State::Voting => {
                p.say {
                    @if let Some(left) = clock.left(phase.deadline) {
                        (say.sentence_voting(version, clock.deadline(phase.deadline), left))
                    } @else { (say.sentence_voting_closing(version)) }
                    " " (share)
                    @if blocks > 0 { " " strong { (say.blocks_sentence(blocks)) } }
                }
                p.then { (if_closed_now(frame, phase)) }
            }
            _ => {
                p.say {
                    (say.sentence_closed(version, clock.past(phase.deadline)))
                    " " strong { (say.provisional(phase.outcome.word(say))) }
                    " " (share)
                }
                p.then { (say.then_provisional()) }
            }
        }
    }
}

fn if_closed_now(frame: &Frame, phase: &Phase) -> Markup {
    let say = frame.language;
    match phase.outcome {
        Outcome::Passed => say.if_closed_passed(),
        Outcome::Blocked => say.if_closed_blocked(),
        Outcome::NoQuorum => say.if_closed_no_quorum(),
        Outcome::Rejected => say.if_closed_rejected(),
    }
}

/// What the proposer's side does: open voting, amend, withdraw.
fn process(frame: &Frame, view: &Decision, filled: &Filled) -> Markup {
    let say = frame.language;
    let May {
        open,
        amend,
        withdraw,
        ..
    } = view.may;
    if !(open || amend || withdraw) {
        return Markup::default();
    }
    let path = format!("/decide/{}", view.id);
    html! {
        section.stack aria-labelledby="process-title" {
            h2.h3 id="process-title" { (say.move_it_on()) }
            div.buttons {
                @if open {
                    form method="post" action={ (path) "/open" } {
                        (csrf(frame.csrf()))
                        button.btn.primary { (say.open_voting(view.version.number)) }
                    }
                }
                @if amend { a.btn href={ (path) "/amend" } { (say.write_new_version()) } }
            }
            @if amend && view.phase.is_some() { p.hint { (say.amending_reopens()) } }
            @if withdraw {
                details open[filled.has_errors()] {
                    summary { (say.withdraw_it()) }
                    form method="post" action={ (path) "/withdraw" } {
                        (csrf(frame.csrf()))
                        (Field::new(say, filled, "reason", say.reason_for_withdrawing())
                            .hint(say.every_member_sees_it()).required().area(2))
                        div.buttons { button.btn { (say.withdraw_now()) } }
                    }
                }
            }
        }
    }
}

/// Shown only when it is true: nodes not heard from may hold votes.
fn honesty(frame: &Frame, view: &Decision) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let (connected, all) = view.connected;
    let since = |silent: &Silent| match silent.since {
        Some(at) => say.silent_since(&silent.member.name, clock.past(at)),
        None => say.never_heard_from(&silent.member.name),
    };
    html! {
        div data-live="honesty" {
            @if !view.silent.is_empty() {
                (note(
                    say.nodes_not_heard_from(view.silent.len() as u64),
                    html! {
                        p { (say.list(view.silent.iter().map(since).collect())) "." }
                        p { (say.they_may_have_voted(connected, all)) }
                    },
                ))
            }
        }
    }
}

fn timeline(frame: &Frame, view: &Decision) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    html! {
        section aria-labelledby="timeline-title" data-live="timeline" {
            h2 id="timeline-title" { (say.how_it_came_here()) }
            ol.timeline {
                @for (at, step) in &view.steps { (step_line(frame, *at, step)) }
                @if let (State::Voting, Some(phase)) = (view.state, &view.phase) {
                    li.now {
                        (icon("voting"))
                        (say.now_voted(phase.electors(), phase.cast()))
                        span.at { (tally(frame, phase)) }
                    }
                    li.next {
                        (icon("clock")) (say.voting_closes())
                        span.at { (clock.deadline_short(phase.deadline)) }
                    }
                    li.next {
                        (icon("provisional")) (say.result_stays_provisional())
                        span.at { (say.no_register_yet()) }
                    }
                }
            }
        }
    }
}

fn tally(frame: &Frame, phase: &Phase) -> Markup {
    let say = frame.language;
    say.tally(
        phase.count(&[Choice::Agree]),
        phase.count(&[Choice::Abstain, Choice::StandAside]),
        phase.count(&[Choice::Block, Choice::Disagree]),
    )
}

fn step_line(frame: &Frame, at: Timestamp, step: &Step) -> Markup {
    let say = frame.language;
    let (shape, words, more) = match step {
        Step::Proposed { by } => ("draft", say.step_proposed(member_link(by)), None),
        Step::Amended {
            version,
            what_changed,
        } => ("draft", say.step_amended(*version), Some(what_changed)),
        Step::Opened { version } => ("voting", say.step_opened(*version), None),
        Step::Blocked { by } => ("block", say.step_blocked(member_link(by)), None),
        Step::Closed { version, outcome } => (
            "provisional",
            say.step_closed(*version, outcome.word(say)),
            None,
        ),
        Step::Withdrawn { reason } => ("withdrawn", say.state_withdrawn(), Some(reason)),
    };
    html! {
        li {
            (icon(shape)) (words)
            @if let Some(Words::Here(text)) = more { span.at { "“" (text) "”" } }
            span.at { (frame.clock().past(at)) }
        }
    }
}

/// What is fixed and can be compared with any other node.
fn proof(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    html! {
        section.area aria-labelledby="proof-title" {
            h2 id="proof-title" { (say.check_it_yourself()) }
            p.small { (say.what_is_fixed()) }
            dl.facts.small {
                dt { (say.text_of_version(view.version.number)) }
                dd { (short(&view.version.hash)) }
                @if let Some(phase) = &view.phase {
                    dt { (say.electorate()) }
                    dd { (say.co_ops(phase.electors())) " " (short(&phase.electorate_hash)) }
                    dt { (say.opening()) }
                    dd { (short(&phase.opening)) }
                    dt { (say.votes_seen()) }
                    dd data-live="votes-seen" { (phase.votes.len()) }
                }
                dt { (say.proposal()) }
                dd { (short(&view.id)) }
            }
            p.small { (say.same_on_every_node()) }
            code.command { "folkmoot show " (view.id) }
        }
    }
}

fn discussion(frame: &Frame, view: &Decision, filled: &Filled) -> Markup {
    let say = frame.language;
    html! {
        section.area id="discussion" aria-labelledby="discussion-title" {
            h2 id="discussion-title" { (say.discussion()) }
            div data-live="comments" {
                @if view.comments.is_empty() { p.empty { (say.no_comments()) } }
                @for comment in &view.comments { (comment_block(frame, view, comment)) }
            }
            @if view.may.comment {
                (comment_form(frame, &view.id, None, say.write_comment(), filled))
            }
        }
    }
}

/// A comment with its replies; a reply is offered one level deep.
fn comment_block(frame: &Frame, view: &Decision, comment: &Comment) -> Markup {
    html! {
        article.voice id={ "e-" (comment.entry) } {
            (comment_words(frame, comment))
            (replies(frame, &comment.replies))
            @if view.may.comment { (reply_form(frame, &view.id, &comment.entry)) }
        }
    }
}

fn comment_words(frame: &Frame, comment: &Comment) -> Markup {
    let say = frame.language;
    html! {
        header {
            strong { (member_link(&comment.member)) }
            span.meta {
                @if comment.by_proposer { (say.proposer()) " · " }
                @if let Some(person) = &comment.person { (person) " · " }
                (frame.clock().past(comment.at))
            }
        }
        (words(frame, &comment.words))
    }
}

fn replies(frame: &Frame, comments: &[Comment]) -> Markup {
    html! {
        @for comment in comments {
            div.reply id={ "e-" (comment.entry) } {
                (comment_words(frame, comment))
                (replies(frame, &comment.replies))
            }
        }
    }
}

fn words(frame: &Frame, words: &Words) -> Markup {
    let say = frame.language;
    match words {
        Words::None => Markup::default(),
        Words::Here(text) => html! { div.words { (paragraphs(text)) } },
        Words::NotHere => html! { p.muted { (say.words_not_here()) } },
        Words::Erased => html! { p.muted { (say.words_erased()) } },
    }
}

fn reply_form(frame: &Frame, id: &str, entry: &str) -> Markup {
    let say = frame.language;
    html! {
        details.no-print {
            summary { (say.reply()) }
            (comment_form(frame, id, Some(entry), say.your_reply(), &Filled::default()))
        }
    }
}

/// The field's id carries the answered entry, since a page has many of these forms.
fn comment_form(
    frame: &Frame,
    id: &str,
    answers: Option<&str>,
    label: Markup,
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    html! {
        form.comment method="post" action={ "/decide/" (id) "/comment" } {
            (csrf(frame.csrf()))
            @match answers {
                Some(entry) => {
                    input type="hidden" name="answers" value=(entry);
                    div.field {
                        label for={ "reply-" (entry) } { (label) }
                        span.hint id={ "reply-hint-" (entry) } { (say.every_member_sees_it()) }
                        textarea id={ "reply-" (entry) } name="text" rows="3" required
                            aria-describedby={ "reply-hint-" (entry) } {}
                    }
                }
                None => (Field::new(say, filled, "text", label)
                    .hint(say.every_member_sees_it()).required().area(3)),
            }
            div.buttons { button.btn { (say.send_comment()) } }
        }
    }
}
