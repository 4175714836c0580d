//! What the reader's co-op does: the ballot, or what it said.

use domain::decision::Choice;
use maud::{Markup, html};

use super::super::form::{Field, csrf};
use super::super::frame::Frame;
use super::super::parts::{State, choice_mark, choice_shape, choice_word, icon};
use super::{Decision, Forms, Own};

pub(super) fn section(frame: &Frame, view: &Decision, forms: &Forms) -> Markup {
    let say = frame.language;
    let version = view.version.number;
    if frame.session.is_none() {
        return html! {
            section.stack {
                h2.h3 { (say.you_read_the_archive()) }
                p.muted { (say.only_delegates_vote()) }
            }
        };
    }
    if view.state != State::Voting {
        return not_open(frame, view);
    }
    let again = forms.change || forms.vote.is_sent();
    html! {
        section.box aria-labelledby="own-title" data-live="own" {
            @match &view.own {
                Own::NoVote => {
                    h2 id="own-title" { (say.has_no_vote(&frame.member)) }
                    p.muted { (say.electorate_was_fixed()) }
                }
                Own::NotVoted => {
                    h2 id="own-title" { (say.has_not_voted(&frame.member, version)) }
                    (form(frame, view, forms))
                }
                Own::VotedEarlier { choice, version: earlier, at } => {
                    h2 id="own-title" { (say.has_not_voted(&frame.member, version)) }
                    p.muted {
                        (say.vote_does_not_carry_over(
                            &frame.member, choice_word(say, *choice), *earlier,
                            frame.clock().past(*at),
                            format!("/decide/{}/diff/{earlier}..{version}", view.id),
                        ))
                    }
                    (form(frame, view, forms))
                }
                Own::Voted { choice, by, at, changes_left, .. } => {
                    h2 id="own-title" { (say.has_voted(&frame.member)) }
                    p.own-vote {
                        (choice_mark(say, *choice))
                        span.meta {
                            @if let Some(by) = by { (by) " · " } (frame.clock().past(*at))
                        }
                    }
                    (change(frame, view, forms, *changes_left, again))
                }
            }
        }
    }
}

fn change(frame: &Frame, view: &Decision, forms: &Forms, left: u8, again: bool) -> Markup {
    let say = frame.language;
    html! {
        @if left == 0 {
            p.muted { (say.no_changes_left()) }
        } @else if again {
            p.muted { (say.changes_left(u64::from(left))) }
            (form(frame, view, forms))
        } @else if view.may.vote {
            div.buttons {
                a.btn href={ "/decide/" (view.id) "?change=1" } { (say.change_vote()) }
                span.hint { (until(frame, view)) }
            }
        }
    }
}

/// After the vote the outcome stands in the sentence above; here only what the reader's co-op did.
fn not_open(frame: &Frame, view: &Decision) -> Markup {
    let say = frame.language;
    html! {
        section.stack aria-labelledby="own-title" data-live="own" {
            @match (&view.own, view.state) {
                (Own::Voted { choice, by, at, .. }, _) => {
                    h2.h3 id="own-title" { (say.has_voted(&frame.member)) }
                    p.own-vote {
                        (choice_mark(say, *choice))
                        span.meta {
                            @if let Some(by) = by { (by) " · " } (frame.clock().past(*at))
                        }
                    }
                }
                (_, State::Deliberation) => {
                    h2.h3 id="own-title" { (say.nobody_votes_yet()) }
                    p.muted { (say.read_and_comment()) }
                }
                _ => {
                    h2.h3 id="own-title" { (say.did_not_vote(&frame.member)) }
                    p.muted { (say.voting_is_over()) }
                }
            }
        }
    }
}

fn until(frame: &Frame, view: &Decision) -> Markup {
    let deadline = view
        .phase
        .as_ref()
        .map_or(frame.now, |phase| phase.deadline);
    frame
        .language
        .can_change_until(frame.clock().deadline_short(deadline))
}

fn form(frame: &Frame, view: &Decision, forms: &Forms) -> Markup {
    let say = frame.language;
    if !view.may.vote {
        return html! { p { (say.only_a_delegate_can_vote(&frame.member)) } };
    }
    let (choice, reason, aim) = match &view.own {
        Own::Voted {
            choice,
            reason,
            aim,
            ..
        } => (Some(*choice), reason.as_str(), *aim),
        _ => (None, "", None),
    };
    let initial = match choice {
        Some(Choice::StandAside) => "abstain",
        Some(choice) => choice.as_str(),
        None => "",
    };
    let aside = if choice == Some(Choice::StandAside) {
        "yes"
    } else {
        ""
    };
    let aim = aim.map(|aim| aim.to_string()).unwrap_or_default();
    let filled = &forms.vote;
    html! {
        form.ballot method="post" action={ "/decide/" (view.id) "/vote" } {
            (csrf(frame.csrf()))
            input type="hidden" name="version" value=(view.version.hash);
            (Field::new(say, filled, "choice", say.how_does_it_vote(&frame.member))
                .initial(initial).required().rows("radio", &choices(frame, view)))
            div.only-abstain {
                (Field::new(say, filled, "stand_aside", say.stand_aside_means())
                    .initial(aside).check())
            }
            div.only-block { (aim_field(frame, view, forms, &aim)) }
            (Field::new(say, filled, "reason", say.reason())
                .hint(say.reason_hint(view.rule.reason_characters_min)).initial(reason).area(3))
            div.buttons {
                button.btn.primary { (say.cast_this_vote()) }
                span.hint { (until(frame, view)) }
            }
        }
    }
}

fn choices(frame: &Frame, view: &Decision) -> Vec<(&'static str, Markup, Markup, &'static str)> {
    let say = frame.language;
    let row = |choice: Choice, means| {
        (
            choice.as_str(),
            choice_word(say, choice),
            means,
            choice_shape(choice),
        )
    };
    let mut rows = vec![
        row(Choice::Agree, say.agree_means()),
        row(Choice::Abstain, say.abstain_means()),
    ];
    if view.rule.allows_disagree {
        rows.push(row(Choice::Disagree, say.disagree_means()));
    }
    rows.push(row(Choice::Block, say.block_means()));
    rows
}

fn aim_field(frame: &Frame, view: &Decision, forms: &Forms, aim: &str) -> Markup {
    let say = frame.language;
    let numbered =
        |(number, words): &(u64, String)| (number.to_string(), html! { (number) ". " (words) });
    let options: Vec<(String, Markup)> = view.rule.aims.iter().map(numbered).collect();
    html! {
        p.block-note { (icon("block")) span { (say.block_asks_more(view.rule.reason_characters_min)) } }
        (Field::new(say, &forms.vote, "aim", say.which_aim())
            .initial(aim).select(Some(say.choose_an_aim()), &options))
    }
}
