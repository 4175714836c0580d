//! How the node is, for `/health`, `folkmoot status` and the log.

/// How the node is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// How the disk is.
    pub disk: Disk,
}

/// How the disk is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Disk {
    /// What is written becomes durable.
    #[default]
    Sound,
    /// There is no room: the node reads and serves, and takes nothing new.
    Full,
    /// Writing takes longer than its deadline.
    Slow,
}

impl Disk {
    /// Whether nothing can be stored now.
    pub fn is_full(&self) -> bool {
        *self == Self::Full
    }

    /// A sentence for people; none if there is nothing to say.
    pub fn trouble(&self) -> Option<&'static str> {
        match self {
            Self::Sound => None,
            Self::Full => Some(
                "the disk is full: this node shows what it has and takes nothing new until there \
                 is room",
            ),
            Self::Slow => Some("the disk is slow: votes wait until they are durable"),
        }
    }
}
