//! Where a meeting goes: what a server can carry, what a meeting will need, and which server takes it.
//!
//! The federation's core uses this on both sides: the *home* of a tenant [places](place::place) a
//! meeting by what it knows of every server, and the *owner* of a server, the only authority on its
//! capacity, admits or refuses. Steps are those of "placement" (`specs/placement.md`).
//!
//! | what | where |
//! |---|---|
//! | what a server carries and a meeting takes | [`capacity`], [`room`] |
//! | what a home knows, and its choice | [`candidate`], [`view`], [`floor`], [`place`] |
//! | one create, from the first ask to its end | [`request`], [`ask`], [`search`] |
//! | what an owner admits, holds and ends | [`admission`], [`hold`] |
//! | whether servers answer | [`health`] |
//! | fairness between members | [`share`] |
//!
//! Pure: no clock, no I/O, no order of hashing, no floating point. Shares and scores are parts per
//! million (`_ppm`), loads are integers with their unit in the name. Randomness is a seed of the
//! caller. Time that budgets and ages are counted in is [`Monotonic`], so that a wall clock that jumps
//! neither shortens nor lengthens anything.
//!
//! ```
//! use domain::id::{MemberId, ServerId, TenantId};
//! use routing::{
//!     Monotonic, Reason,
//!     candidate::{Health, Report, Server},
//!     capacity::{Capacity, Load},
//!     place::place,
//!     request::{MeetingId, Request, RequestId},
//!     view::View,
//! };
//!
//! let (home, owner) = (MemberId([1; 32]), MemberId([2; 32]));
//! let now = Monotonic(60_000);
//! let mut view = View::default();
//! for number in 1..=2 {
//!     let id = ServerId([number; 16]);
//!     view.describe(id, Server::new(owner, "ca-east".parse()?, Capacity::from_cores(16, 1000)));
//!     let load = Load::typical(40 * u32::from(number));
//!     view.learn(now, id, Report::of(load, Health::Up));
//! }
//! let mut request = Request::new(RequestId([9; 16]), MeetingId([8; 32]), TenantId([7; 16]), home);
//! request.region = Some("ca-east".parse()?);
//! request.hint = Some(10);
//!
//! let ranking = place(&request, &view, now, 1);
//! assert_eq!(ranking.order[0].server, ServerId([1; 16]), "the one with less load");
//! assert!(matches!(ranking.reasons[0].1, Reason::Chosen { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod admission;
pub mod ask;
pub mod candidate;
pub mod capacity;
mod choose;
mod error;
pub mod floor;
pub mod health;
pub mod hold;
pub mod place;
mod reason;
pub mod request;
pub mod room;
pub mod search;
pub mod share;
mod time;
pub mod view;

pub use error::Error;
pub use reason::{Distance, Reason, Suspicion, Tier};
pub use time::Monotonic;

/// A whole, in parts per million.
pub const WHOLE_PPM: u64 = 1_000_000;
