//! How the node is, for `/health`, `folkmoot status` and the log.

use web::node::DiskTrouble;

/// How the node is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// How writing goes.
    pub disk: Disk,
    /// How much room the file system has.
    pub room: Room,
}

/// How writing goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Disk {
    /// What is written becomes durable.
    #[default]
    Sound,
    /// There is no room: the node reads and serves, and takes nothing new.
    Full,
    /// Writing takes longer than its deadline.
    Slow,
}

/// How much room the file system of the data directory has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Room {
    /// More than what is kept for the node's own people.
    #[default]
    Enough,
    /// Less than that: other nodes must not use it up.
    Little {
        /// What is left, in bytes.
        free_bytes: u64,
    },
}

impl Disk {
    /// Whether nothing can be stored now.
    pub fn is_full(self) -> bool {
        self == Self::Full
    }

    /// What there is to say about it.
    pub fn trouble(self) -> Option<DiskTrouble> {
        match self {
            Self::Sound => None,
            Self::Full => Some(DiskTrouble::Full),
            Self::Slow => Some(DiskTrouble::Slow),
        }
    }
}

impl Room {
    /// What there is to say about it.
    pub fn trouble(self) -> Option<DiskTrouble> {
        match self {
            Self::Enough => None,
            Self::Little { free_bytes } => Some(DiskTrouble::LittleRoom { free_bytes }),
        }
    }
}

impl Health {
    /// What there is to say about the disk, the worst if there is more.
    pub fn trouble(&self) -> Option<DiskTrouble> {
        self.disk.trouble().or(self.room.trouble())
    }
}
