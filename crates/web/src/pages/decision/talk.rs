//! The discussion and replies.

use maud::{Markup, html};

use super::super::form::{Field, Filled, csrf};
use super::super::frame::Frame;
use super::super::parts::{member_link, paragraphs};
use super::{Comment, Decision, Words};

pub(super) fn discussion(frame: &Frame, view: &Decision, filled: &Filled) -> Markup {
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

pub(super) fn replies(frame: &Frame, comments: &[Comment]) -> Markup {
    html! {
        @for comment in comments {
            div.reply id={ "e-" (comment.entry) } {
                (comment_words(frame, comment))
                (replies(frame, &comment.replies))
            }
        }
    }
}

pub(super) fn words(frame: &Frame, words: &Words) -> Markup {
    let say = frame.language;
    match words {
        Words::None => Markup::default(),
        Words::Here(text) => html! { div.words { (paragraphs(text)) } },
        Words::NotHere => html! { p.muted { (say.words_not_here()) } },
        Words::Erased => html! { p.muted { (say.words_erased()) } },
    }
}

pub(super) fn reply_form(frame: &Frame, id: &str, entry: &str) -> Markup {
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
