//! What a tenant's meetings may be: limits, features, and parameters of `create`.

use std::collections::BTreeSet;

use domain::record::{FEATURES_MAX, is_feature};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The highest limit: more people or meetings than any federation bears.
pub const LIMIT_MAX: u32 = 1_000_000;
/// The most default parameters of a tenant, and the most forced ones.
pub const PARAMETERS_MAX: usize = 64;
/// The longest name of a parameter, in bytes.
pub const PARAMETER_NAME_BYTES_MAX: usize = 64;
/// The longest value of a parameter, in bytes.
pub const PARAMETER_VALUE_BYTES_MAX: usize = 1_024;

/// Parameters that say which meeting is meant and who asks: those of a front end's own call only.
const OF_THE_CALL: [&str; 2] = ["checksum", "meetingID"];

/// A rule that what was asked for a tenant breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LimitError {
    /// A limit is nothing, or beyond any federation.
    #[error("A limit is a whole number from 1 to {LIMIT_MAX}, or \"none\"; found {found:?}.")]
    Limit {
        /// What was given.
        found: String,
    },
    /// A word is no feature.
    #[error("A feature is a word such as recording or long-meetings; found {found:?}.")]
    Feature {
        /// What was given.
        found: String,
    },
    /// There are too many features.
    #[error("There are at most {FEATURES_MAX} features; found {found}.")]
    Features {
        /// How many there are.
        found: usize,
    },
    /// A parameter is not written as name and value.
    #[error("A parameter is written as name=value, such as muteOnStart=true; found {found:?}.")]
    Parameter {
        /// What was given.
        found: String,
    },
    /// A parameter is one that only the front end's own call can carry.
    #[error("The parameter {found} is the front end's own and cannot be set here.")]
    OfTheCall {
        /// Its name.
        found: String,
    },
    /// There are too many parameters.
    #[error("There are at most {PARAMETERS_MAX} parameters; found {found}.")]
    Parameters {
        /// How many there are.
        found: usize,
    },
}

/// How much a tenant may have; none is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Meetings at one time.
    pub meetings_max: Option<u32>,
    /// People in one meeting.
    pub participants_max: Option<u32>,
    /// People in all its meetings at one time.
    pub participants_total_max: Option<u32>,
    /// How long a meeting may last, in minutes.
    pub duration_max_minutes: Option<u32>,
    /// Whether its meetings may be recorded.
    pub recording: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            meetings_max: None,
            participants_max: None,
            participants_total_max: None,
            duration_max_minutes: None,
            recording: true,
        }
    }
}

/// Reads a limit: a number, or `none`.
///
/// # Errors
/// [`LimitError::Limit`]
pub fn limit(text: &str) -> Result<Option<u32>, LimitError> {
    let text = text.trim();
    if text.is_empty() || text == "none" {
        return Ok(None);
    }
    let number = text.parse().ok();
    let number = number.filter(|number| (1..=LIMIT_MAX).contains(number));
    number.map(Some).ok_or_else(|| LimitError::Limit {
        found: shortened(text),
    })
}

/// A parameter of `create`: name and value.
pub type Parameter = (String, String);

/// Reads a parameter written as `name=value`.
///
/// # Errors
/// When it is none, or one of the call.
pub fn parameter(text: &str) -> Result<Parameter, LimitError> {
    let fault = || LimitError::Parameter {
        found: shortened(text),
    };
    let (name, value) = text.split_once('=').ok_or_else(fault)?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let fits = (1..=PARAMETER_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(is_name)
        && value.len() <= PARAMETER_VALUE_BYTES_MAX
        && !value.chars().any(char::is_control);
    if !fits {
        return Err(fault());
    }
    if OF_THE_CALL.contains(&name) {
        return Err(LimitError::OfTheCall {
            found: name.to_owned(),
        });
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads parameters, in the order in which they are applied; of one name the last counts.
///
/// # Errors
/// When one is none or there are too many.
pub fn parameters<'a>(
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Parameter>, LimitError> {
    let mut all: Vec<Parameter> = Vec::new();
    for text in texts {
        let (name, value) = parameter(text)?;
        all.retain(|(known, _)| *known != name);
        all.push((name, value));
        if all.len() > PARAMETERS_MAX {
            return Err(LimitError::Parameters { found: all.len() });
        }
    }
    Ok(all)
}

/// Reads words of features.
///
/// # Errors
/// When one is none or there are too many.
pub fn features<'a>(
    words: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeSet<String>, LimitError> {
    let mut all = BTreeSet::new();
    for word in words {
        if !is_feature(word) {
            return Err(LimitError::Feature {
                found: shortened(word),
            });
        }
        all.insert(word.to_owned());
        if all.len() > FEATURES_MAX {
            return Err(LimitError::Features { found: all.len() });
        }
    }
    Ok(all)
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// All that is set for a tenant beside its secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How much it may have.
    pub limits: Limits,
    /// Parameters of `create` where the front end says nothing, in this order.
    pub defaults: Vec<Parameter>,
    /// Parameters of `create` whatever the front end says, in this order.
    pub forced: Vec<Parameter>,
    /// What a server must be able to do for its meetings.
    pub features: BTreeSet<String>,
    /// The word of its service level ([`super::levels`]); empty for none.
    pub level: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_above_nothing_or_none() {
        assert_eq!(limit("10"), Ok(Some(10)));
        assert_eq!(limit(" none "), Ok(None));
        assert_eq!(limit(""), Ok(None));
        // BigBlueButton reads nothing as no limit at all: it must not come in by a slip.
        for found in ["0", "-1", "ten", "1000001", "99999999999"] {
            assert!(limit(found).is_err(), "{found}");
        }
    }

    #[test]
    fn parameters_keep_their_order_and_the_last_of_a_name_counts() {
        let read = parameters([
            "record=false",
            "welcome=Hello = you",
            "record=true",
            "logo=",
        ]);
        let pairs = [("welcome", "Hello = you"), ("record", "true"), ("logo", "")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, Ok(pairs.to_vec()));
    }

    #[test]
    fn what_is_no_parameter_or_the_front_ends_own_is_refused() {
        for text in [
            "record",
            "=x",
            "a b=c",
            "a&b=c",
            "a=x\ny",
            "checksum=1",
            "meetingID=x",
        ] {
            assert!(parameter(text).is_err(), "{text}");
        }
        let many: Vec<String> = (0..=PARAMETERS_MAX)
            .map(|n| format!("meta_{n}=x"))
            .collect();
        assert!(parameters(many.iter().map(String::as_str)).is_err());
    }

    #[test]
    fn features_are_words() {
        let read = features(["recording", "dedicated", "recording"]).unwrap();
        assert_eq!(read.len(), 2);
        assert!(features(["Recording"]).is_err());
    }
}
