//! What servers say by themselves, on its way to a tenant's front end: from the owner, whom the server
//! told, to the tenant's home, which signs it with the tenant's secret.

use std::collections::{BTreeMap, VecDeque};

use domain::{id::TenantId, key::PublicKey};

use super::wire::{PART_BYTES_MAX, Said};
use crate::{core::Core, io::Output};

/// The longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 2 * 1024;
/// Notices that are kept for one home that is away, and their bytes.
const KEPT_MAX: usize = 64;
const KEPT_BYTES_MAX: usize = 4 << 20;
/// Homes for which notices are kept.
const HOMES_MAX: usize = 256;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// A recording can be seen: the payload is its id.
    RecordingReady,
    /// How a meeting went: the payload is what the server said, in JSON.
    Analytics,
}

impl NoticeKind {
    /// The word in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordingReady => "recording-ready",
            Self::Analytics => "analytics",
        }
    }
}

/// Something for a tenant's front end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whose.
    pub tenant: TenantId,
    /// What it is about.
    pub kind: NoticeKind,
    /// What the home gave along with the meeting: where it is to go is sealed in it, for the home alone.
    pub token: String,
    /// What is to be told.
    pub payload: Vec<u8>,
}

impl Notice {
    /// Whether it fits into a message.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.token.len() <= TOKEN_BYTES_MAX && self.payload.len() <= PART_BYTES_MAX
    }
}

/// Notices whose homes are away.
#[derive(Debug, Default)]
pub(super) struct Notices(BTreeMap<PublicKey, VecDeque<Notice>>);

impl Notices {
    /// Keeps a notice; the oldest ones make room.
    fn keep(&mut self, home: PublicKey, notice: Notice) {
        if self.0.len() >= HOMES_MAX && !self.0.contains_key(&home) {
            return;
        }
        let kept = self.0.entry(home).or_default();
        kept.push_back(notice);
        let bytes =
            |kept: &VecDeque<Notice>| kept.iter().map(|one| one.payload.len()).sum::<usize>();
        while kept.len() > KEPT_MAX || bytes(kept) > KEPT_BYTES_MAX {
            kept.pop_front();
        }
    }
}

impl Core {
    /// One of this node's servers said something that is for a tenant's front end. What fits into no
    /// message comes to nothing.
    pub(crate) fn give_notice(&mut self, notice: Notice, outputs: &mut Vec<Output>) {
        if !notice.fits() {
            return;
        }
        let tenant = self.view().meetings.tenants.get(&notice.tenant);
        let Some(home) = tenant.map(|tenant| tenant.record.home) else {
            return;
        };
        if home == self.node() {
            outputs.push(Output::Notice(notice));
        } else if self.is_connected(&home) {
            self.tell(home, Said::Notice(notice), outputs);
        } else {
            self.meetings.notices.keep(home, notice);
        }
    }

    /// An owner passes on what its server said. Whether it is true the token shows, which the shell opens.
    pub(super) fn noticed(&mut self, notice: Notice, outputs: &mut Vec<Output>) {
        let tenant = self.view().meetings.tenants.get(&notice.tenant);
        if tenant.is_some_and(|tenant| tenant.record.home == self.node()) {
            outputs.push(Output::Notice(notice));
        }
    }

    /// A home is here again.
    pub(super) fn pass_notices(&mut self, home: PublicKey, outputs: &mut Vec<Output>) {
        for notice in self.meetings.notices.0.remove(&home).unwrap_or_default() {
            self.tell(home, Said::Notice(notice), outputs);
        }
    }
}
