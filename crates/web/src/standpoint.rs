//! The core as the people of one member see it. A node shows its pages to its own member's people
//! and to those of the members it hosts; "your co-op" is the member of the one who reads.

use std::ops::Deref;

use domain::id::MemberId;
use federation::Core;

use crate::{auth::Actor, node::Node, site::Site};

/// The core, read for the people of one member.
pub(crate) struct Standpoint<'a> {
    core: &'a Core,
    member: Option<MemberId>,
}

impl<'a> Standpoint<'a> {
    /// That of the people of the member whose node this is.
    pub(crate) fn at_home(core: &'a Core) -> Self {
        let member = core.member();
        Self { core, member }
    }

    /// The reader's member: of the account, or the one whose node this is.
    pub(crate) fn member(&self) -> Option<MemberId> {
        self.member
    }
}

impl Deref for Standpoint<'_> {
    type Target = Core;
    fn deref(&self) -> &Core {
        self.core
    }
}

impl Node {
    /// Reads the core as the people of a hosted member see it, or, without one, those of the
    /// member whose node this is. Short work only.
    pub(crate) fn read_as<T>(
        &self,
        hosted: Option<MemberId>,
        work: impl FnOnce(&Standpoint<'_>) -> T,
    ) -> T {
        self.read(|core| {
            let member = hosted.or_else(|| core.member());
            work(&Standpoint { core, member })
        })
    }
}

impl Actor {
    /// The member that hosts this person's member here; `None` for the people of this node's own.
    pub(crate) fn hosted(&self) -> Option<MemberId> {
        self.account.member
    }

    /// The member this person acts for.
    pub(crate) fn member(&self, site: &Site) -> Option<MemberId> {
        self.hosted().or_else(|| site.node.read(Core::member))
    }

    /// Reads the core as this person sees it. Short work only.
    pub(crate) fn read<T>(&self, site: &Site, work: impl FnOnce(&Standpoint<'_>) -> T) -> T {
        site.node.read_as(self.hosted(), work)
    }
}
