//! The write-ahead log, looked at before SQLite opens it.
//!
//! SQLite reads the log up to the first frame that does not match its checksum. That is right for a
//! tail torn off by a power loss, which nobody was told is durable. After a bit flipped in the
//! middle it would silently drop acknowledged writes. The two differ: each commit is synced before
//! the next begins, so a torn frame has at most the rest of its own transaction behind it.
