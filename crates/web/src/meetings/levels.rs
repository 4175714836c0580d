//! Service levels: limits with a name.
//!
//! The names and figures are those that meet.coop adopted in July 2020, as its wiki and forum have
//! them (<https://wiki.meet.coop/wiki/Service_levels>,
//! <https://forum.meet.coop/t/working-as-a-community/416>). Rooms and minutes stood in merged cells
//! there, so their spread over the levels between is a reading. Recording was to follow later. They
//! are a start: a steward changes the limits of each tenant.

use super::limits::Limits;

/// A service level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The word in commands and forms.
    pub word: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Accounts of people at the front end; none for any number. The front end counts them, not the
    /// node.
    pub accounts_max: Option<u32>,
    /// What it allows. Rooms are taken as meetings at one time.
    pub limits: Limits,
}

const fn limits(meetings: Option<u32>, participants: Option<u32>, minutes: u32) -> Limits {
    Limits {
        meetings_max: meetings,
        participants_max: participants,
        participants_total_max: None,
        duration_max_minutes: Some(minutes),
        recording: false,
    }
}

/// Every level, the smallest first.
pub const LEVELS: [Level; 6] = [
    Level {
        word: "free",
        name: "Free",
        accounts_max: Some(1),
        limits: limits(Some(1), Some(5), 60),
    },
    Level {
        word: "level-1",
        name: "Level 1",
        accounts_max: Some(1),
        limits: limits(Some(5), Some(10), 180),
    },
    Level {
        word: "level-2",
        name: "Level 2",
        accounts_max: Some(1),
        limits: limits(Some(5), Some(20), 180),
    },
    Level {
        word: "level-3",
        name: "Level 3",
        accounts_max: Some(1),
        limits: limits(Some(5), Some(50), 180),
    },
    Level {
        word: "multi-account",
        name: "Multi-account",
        accounts_max: None,
        limits: limits(None, Some(100), 1_440),
    },
    Level {
        word: "custom",
        name: "Custom",
        accounts_max: None,
        limits: limits(None, None, 1_440),
    },
];

impl Level {
    /// What it allows, in a line for people at a terminal.
    #[must_use]
    pub fn allows(&self) -> String {
        let figure = |limit: Option<u32>, one: &str, several: &str| match limit {
            None => format!("any number of {several}"),
            Some(1) => format!("1 {one}"),
            Some(limit) => format!("{limit} {several}"),
        };
        let limits = &self.limits;
        format!(
            "{} at one time, {} in each, {}",
            figure(limits.meetings_max, "meeting", "meetings"),
            figure(limits.participants_max, "person", "people"),
            figure(limits.duration_max_minutes, "minute", "minutes"),
        )
    }
}

/// Every level with what it allows, for the help of commands.
#[must_use]
pub fn table() -> String {
    let mut lines =
        vec!["Service levels (what each limits; each limit can be set by itself):".to_owned()];
    lines.extend(
        LEVELS
            .iter()
            .map(|level| format!("  {:<14} {}", level.word, level.allows())),
    );
    lines.push("  Recording is not part of a level and stays as it is set.".to_owned());
    lines.join("\n")
}

/// The level of a word.
#[must_use]
pub fn level(word: &str) -> Option<&'static Level> {
    LEVELS.iter().find(|level| level.word == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_says_what_each_level_allows() {
        let table = table();
        assert!(
            table.contains("  free           1 meeting at one time, 5 people in each, 60 minutes")
        );
        assert!(table.contains("  custom         any number of meetings at one time"));
    }

    #[test]
    fn every_level_allows_at_least_as_much_as_the_one_before() {
        let figure = |limit: Option<u32>| limit.unwrap_or(u32::MAX);
        for pair in LEVELS.windows(2) {
            let (less, more) = (pair[0].limits, pair[1].limits);
            assert!(figure(less.meetings_max) <= figure(more.meetings_max));
            assert!(figure(less.participants_max) <= figure(more.participants_max));
            assert!(less.duration_max_minutes <= more.duration_max_minutes);
        }
        assert_eq!(level("level-3").map(|level| level.name), Some("Level 3"));
        assert_eq!(level("gold"), None);
    }
}
