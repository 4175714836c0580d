//! Feeds: deadlines as a calendar, and what happened to proposals as news, for the programs people
//! already use. The public ones hold what the public archive shows; a person's own also say what
//! needs the person's vote.

pub(crate) mod atom;
pub(crate) mod calendar;

mod news;
mod plans;
mod votes;

pub(crate) use self::{
    news::feed,
    votes::{calendar, calendar_of},
};

use crate::standpoint::Standpoint;
use federation::Decision;
use replica::view::Action;

use crate::{catalogue::Language, decisions};

/// Who subscribes to a feed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The language of its sentences.
    pub say: Language,
    /// Where this site is, without a slash at the end.
    pub site: &'a str,
    /// The address of the feed itself.
    pub address: &'a str,
    /// The person, if it is a feed of one's own.
    pub own: Option<Own>,
    /// What that person has to do, with the words.
    pub actions: &'a [(Action, Option<String>)],
}

/// The person of a feed of one's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own {
    /// Who it is.
    pub person: domain::id::PersonId,
    /// The member it acts for, if this node hosts it.
    pub hosted: Option<domain::id::MemberId>,
    /// Whether this person casts the member's vote.
    pub is_delegate: bool,
}

impl Reader<'_> {
    /// The page of a decision that this reader may open.
    fn page(&self, decision: &Decision<'_>) -> String {
        let area = if self.own.is_some() {
            "decide"
        } else {
            "archive"
        };
        format!("{}/{area}/{}", self.site, decision.id)
    }

    /// Whether a decision waits for this reader's vote.
    fn is_needed(&self, core: &Standpoint<'_>, decision: &Decision<'_>) -> bool {
        self.own.is_some_and(|own| own.is_delegate) && decisions::needs_vote(core, decision)
    }
}
