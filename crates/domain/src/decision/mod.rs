//! How ballots become an outcome: pure functions of an electorate, a charter and ballots.
//!
//! [`count`] says which ballot of each voter counts, [`judge`] what they decide. Both are
//! independent of the order in which anything arrived, and neither rounds: conditions compare
//! whole numbers. What they say is provisional until a closing fixes which ballots are counted.

mod choice;
mod condition;
mod count;
mod course;
mod electorate;
#[cfg(test)]
mod examples;
mod figures;
mod judge;
mod power;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod weighted;
mod weights;

pub use self::{
    choice::{Choice, ChoiceError},
    condition::{Condition, ConditionName, Relation, Verdict, VerdictError},
    count::{Cast, Conflict, Count, Counted, LeftOut, Slot, Why, count},
    course::{Cause, Course, Extension, Voting, extensions},
    electorate::{
        ELECTORATE_MAX, Electorate, ElectorateError, Voter, electorate, integration, period,
    },
    figures::Figures,
    judge::{Outcome, Stage, judge, judge_choices},
    power::{ClassPower, PowerShare, power},
    weights::strengths_of as strengths,
};
