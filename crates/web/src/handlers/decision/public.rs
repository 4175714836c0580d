//! What of a decision anyone may read.

use crate::pages::decision::{Decision, Step, Words};

/// Leaves out what is the members': comments, reasons, names of persons, links to members' pages.
pub(super) fn make_public(view: &mut Decision) {
    view.comments.clear();
    view.silent.clear();
    view.proposer.id.clear();
    if let Some(circle) = &mut view.circle {
        circle.id.clear();
    }
    for (_, step) in &mut view.steps {
        match step {
            Step::Proposed { by } | Step::Blocked { by } => by.id.clear(),
            Step::Amended {
                what_changed: words,
                ..
            }
            | Step::Withdrawn { reason: words } => {
                *words = Words::None;
            }
            Step::Opened { .. } | Step::Closed { .. } => {}
        }
    }
    let Some(phase) = &mut view.phase else { return };
    for seat in phase.classes.iter_mut().flat_map(|class| &mut class.seats) {
        seat.member.id.clear();
    }
    for missing in &mut phase.missing {
        missing.member.id.clear();
        missing.silent_since = None;
        missing.own = false;
    }
    for vote in &mut phase.votes {
        vote.member.id.clear();
        vote.delegate = None;
        vote.reason = Words::None;
        vote.replies.clear();
    }
}
