//! What a steward says of a tenant, in JSON or in a form.

use std::collections::BTreeSet;

use bigbluebutton::Secret;
use serde::Deserialize;

use crate::{
    error::{FieldFault, WebError},
    fields::Fields,
    meetings::{
        described::{Faults, number, secret, words},
        levels::{LEVELS, level},
        limits::{LIMIT_MAX, LimitError, Limits, Parameter, Rules, features, parameters},
    },
    vault::hidden,
};

/// What is said of a new tenant.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewTenant {
    pub name: String,
    /// The member it belongs to; empty for the one whose node this is.
    pub member: String,
    /// Where its people are; empty if that does not matter.
    pub region: String,
    /// The word of a service level; empty for none.
    pub level: String,
    /// Its secret; a new one is made if there is none.
    #[serde(deserialize_with = "hidden")]
    pub secret: Option<Secret>,
}

impl NewTenant {
    /// What a form says.
    pub(crate) fn of_form(fields: &Fields) -> Result<Self, WebError> {
        let mut faults = Faults::default();
        let text = |name| fields.get(name).to_owned();
        let said = Self {
            name: text("name"),
            member: text("member"),
            region: text("region"),
            level: text("level"),
            secret: secret(fields, &mut faults),
        };
        faults.end(said)
    }
}

/// What is said anew of a tenant. Fields that are not there stay as they are.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Described {
    pub name: Option<String>,
    /// Where its people are; empty if that does not matter.
    pub region: Option<String>,
}

impl Described {
    /// What a form says.
    pub(crate) fn of_form(fields: &Fields) -> Self {
        let text = |name| Some(fields.get(name).to_owned());
        Self {
            name: text("name"),
            region: text("region"),
        }
    }
}

/// The secret of a form that gives a tenant a new one; none where one is to be made.
pub(crate) fn secret_of_form(fields: &Fields) -> Result<Option<Secret>, WebError> {
    let mut faults = Faults::default();
    let secret = secret(fields, &mut faults);
    faults.end(secret)
}

/// What is to change of what a tenant may have. First what is named in `clear` goes, then the level
/// sets its limits, then the rest is set.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Changed {
    pub clear: Vec<String>,
    pub level: Option<String>,
    pub meetings_max: Option<u32>,
    pub participants_max: Option<u32>,
    pub participants_total_max: Option<u32>,
    pub duration_max_minutes: Option<u32>,
    pub recording: Option<bool>,
    /// `name=value`, beside those that are set.
    pub defaults: Vec<String>,
    /// `name=value`, beside those that are set.
    pub forced: Vec<String>,
    /// What a server must be able to do, instead of what is set.
    pub features: Option<Vec<String>>,
}

/// What can be cleared.
pub const CLEARABLE: [&str; 8] = [
    "meetings",
    "participants",
    "participants-total",
    "duration",
    "level",
    "defaults",
    "forced",
    "features",
];

pub(super) fn fault(field: &'static str, message: impl Into<String>) -> WebError {
    WebError::Form(vec![FieldFault::new(field, message)])
}

pub(super) fn limits_of(word: &str) -> Result<Limits, WebError> {
    match level(word) {
        Some(level) => Ok(level.limits),
        None => {
            let words: Vec<&str> = LEVELS.iter().map(|level| level.word).collect();
            let message = format!("Choose a service level: {}.", words.join(", "));
            Err(fault("level", message))
        }
    }
}

impl Changed {
    /// What a form says: all limits and parameters as they are from now on, but not the level.
    pub(crate) fn of_form(fields: &Fields) -> Result<Self, WebError> {
        let mut faults = Faults::default();
        let lines = |name| {
            let lines = fields.get(name).lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty());
            lines.map(str::to_owned).collect()
        };
        let all = CLEARABLE.iter().filter(|word| **word != "level");
        let said = Self {
            clear: all.map(|&word| word.to_owned()).collect(),
            level: None,
            meetings_max: number(fields, "meetings_max", &mut faults),
            participants_max: number(fields, "participants_max", &mut faults),
            participants_total_max: number(fields, "participants_total_max", &mut faults),
            duration_max_minutes: number(fields, "duration_max_minutes", &mut faults),
            recording: Some(fields.is_ticked("recording")),
            defaults: lines("defaults"),
            forced: lines("forced"),
            features: Some(words(fields.get("features"))),
        };
        faults.end(said)
    }

    fn clear(&self, rules: &mut Rules) -> Result<(), WebError> {
        let limits = &mut rules.limits;
        for word in &self.clear {
            match word.as_str() {
                "meetings" => limits.meetings_max = None,
                "participants" => limits.participants_max = None,
                "participants-total" => limits.participants_total_max = None,
                "duration" => limits.duration_max_minutes = None,
                "level" => rules.level.clear(),
                "defaults" => rules.defaults.clear(),
                "forced" => rules.forced.clear(),
                "features" => rules.features = BTreeSet::new(),
                _ => {
                    let message = format!("What can be cleared: {}.", CLEARABLE.join(", "));
                    return Err(fault("clear", message));
                }
            }
        }
        Ok(())
    }

    /// The rules as they are from now on.
    pub(super) fn of(&self, mut rules: Rules) -> Result<Rules, WebError> {
        self.clear(&mut rules)?;
        if let Some(word) = &self.level {
            // No level says anything of recording: what was set of it stays.
            let recording = rules.limits.recording;
            rules.limits = Limits {
                recording,
                ..limits_of(word)?
            };
            rules.level.clone_from(word);
        }
        let limits = &mut rules.limits;
        for (field, given, limit) in [
            ("meetings_max", self.meetings_max, &mut limits.meetings_max),
            (
                "participants_max",
                self.participants_max,
                &mut limits.participants_max,
            ),
            (
                "participants_total_max",
                self.participants_total_max,
                &mut limits.participants_total_max,
            ),
            (
                "duration_max_minutes",
                self.duration_max_minutes,
                &mut limits.duration_max_minutes,
            ),
        ] {
            let Some(given) = given else { continue };
            if !(1..=LIMIT_MAX).contains(&given) {
                let found = given.to_string();
                let what = what_of(field);
                let said = LimitError::Limit { found };
                return Err(fault(field, format!("{what}: {said}")));
            }
            *limit = Some(given);
        }
        limits.recording = self.recording.unwrap_or(limits.recording);
        rules.defaults = beside(rules.defaults, &self.defaults)
            .map_err(|error| fault("defaults", error.to_string()))?;
        rules.forced = beside(rules.forced, &self.forced)
            .map_err(|error| fault("forced", error.to_string()))?;
        if let Some(words) = &self.features {
            let words = words.iter().map(String::as_str);
            rules.features =
                features(words).map_err(|error| fault("features", error.to_string()))?;
        }
        Ok(rules)
    }
}

/// What a limit is of, as people read it.
fn what_of(field: &str) -> &'static str {
    match field {
        "meetings_max" => "Meetings at one time",
        "participants_max" => "People in one meeting",
        "participants_total_max" => "People in all meetings",
        _ => "Minutes of a meeting",
    }
}

/// Parameters with more of them.
fn beside(known: Vec<Parameter>, more: &[String]) -> Result<Vec<Parameter>, LimitError> {
    let known: Vec<String> = known
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parameters(known.iter().chain(more).map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn what_is_cleared_goes_before_the_level_and_the_level_before_the_rest() {
        let mut known = Rules::default();
        known.limits.participants_total_max = Some(9);
        known.defaults = vec![("welcome".to_owned(), "Hello".to_owned())];
        let changed = Changed {
            clear: words(&["participants-total", "defaults"]),
            level: Some("level-2".to_owned()),
            participants_max: Some(30),
            recording: Some(true),
            defaults: words(&["logo=x", "muteOnStart=true"]),
            forced: words(&["record=false"]),
            ..Changed::default()
        };
        let rules = changed.of(known).unwrap();
        let limits = Limits {
            meetings_max: Some(5),
            participants_max: Some(30),
            participants_total_max: None,
            duration_max_minutes: Some(180),
            recording: true,
        };
        assert_eq!(rules.limits, limits);
        assert_eq!(rules.level, "level-2");
        let names: Vec<&str> = rules
            .defaults
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["logo", "muteOnStart"]);
        assert_eq!(rules.forced.len(), 1);
    }

    #[test]
    fn a_level_leaves_recording_as_it_was_set() {
        let mut known = Rules::default();
        for recording in [true, false] {
            known.limits.recording = recording;
            let changed = Changed {
                level: Some("level-2".to_owned()),
                ..Changed::default()
            };
            let limits = changed.of(known.clone()).unwrap().limits;
            assert_eq!(
                (limits.recording, limits.meetings_max),
                (recording, Some(5))
            );
        }
    }

    #[test]
    fn a_limit_that_does_not_fit_says_what_it_is_of() {
        let changed = Changed {
            participants_total_max: Some(0),
            ..Changed::default()
        };
        let said = changed.of(Rules::default()).unwrap_err().to_string();
        assert!(
            said.starts_with("People in all meetings: A limit is"),
            "{said}"
        );
    }

    #[test]
    fn a_change_that_does_not_fit_names_its_field() {
        let field = |changed: Changed| match changed.of(Rules::default()) {
            Err(WebError::Form(faults)) => faults[0].field,
            _ => "none",
        };
        let level = Some("gold".to_owned());
        assert_eq!(
            field(Changed {
                level,
                ..Changed::default()
            }),
            "level"
        );
        let clear = words(&["recording"]);
        assert_eq!(
            field(Changed {
                clear,
                ..Changed::default()
            }),
            "clear"
        );
        let meetings_max = Some(0);
        assert_eq!(
            field(Changed {
                meetings_max,
                ..Changed::default()
            }),
            "meetings_max"
        );
        let forced = words(&["checksum=1"]);
        assert_eq!(
            field(Changed {
                forced,
                ..Changed::default()
            }),
            "forced"
        );
    }
}
