//! How ballots become an outcome: pure functions of an electorate, a charter and ballots.
//!
//! [`count`] says which ballot of each voter counts, [`judge`] what they decide. Both are
//! independent of the order in which anything arrived, and neither rounds: conditions compare
//! whole numbers. What they say is provisional until a closing fixes which ballots are counted.

mod choice;
mod count;
mod electorate;
#[cfg(test)]
mod examples;
mod judge;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenarios;

pub use self::{
    choice::{Choice, ChoiceError},
    count::{Cast, Conflict, Count, Counted, LeftOut, Slot, Why, count},
    electorate::{ELECTORATE_MAX, Electorate, ElectorateError, Voter, electorate, period},
    judge::{Condition, ConditionName, Figures, Outcome, Relation, Verdict, VerdictError, judge},
};
