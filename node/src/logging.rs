//! Logs, to standard error.

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogFormat, LogSection};

/// The target of what agreement says to itself.
const AGREEMENT: &str = "arc_malachitebft";

/// Checks a level or directives.
///
/// # Errors
/// What is wrong, in words.
pub fn check_level(level: &str) -> Result<(), String> {
    let words = ["off", "error", "warn", "info", "debug", "trace"];
    let known = level.split(',').all(|part| {
        let level = part.rsplit('=').next().unwrap_or_default().trim();
        words.contains(&level)
    });
    if known && EnvFilter::try_new(level).is_ok() {
        return Ok(());
    }
    Err(format!(
        "log.level: {level:?} is none of error, warn, info, debug and trace"
    ))
}

/// The level, with what the library that agrees on heights says to itself left out unless it is asked for.
fn directives(level: &str) -> String {
    match level.contains(AGREEMENT) {
        true => level.to_owned(),
        false if matches!(level, "off" | "error") => level.to_owned(),
        false => format!("{level},{AGREEMENT}=warn"),
    }
}

/// Begins to log. `FOLKMOOT_LOG` overrides the configured level.
pub fn start(section: &LogSection) {
    let level = std::env::var("FOLKMOOT_LOG").unwrap_or_else(|_| section.level.clone());
    let filter = EnvFilter::try_new(directives(&level)).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true);
    // A second start, in tests, changes nothing.
    let _ = match section.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_heard_when_it_warns_or_is_asked_for() {
        assert_eq!(directives("info"), "info,arc_malachitebft=warn");
        assert_eq!(directives("error"), "error");
        let asked = "info,arc_malachitebft=debug";
        assert_eq!(directives(asked), asked);
        assert!(check_level(&directives("debug")).is_ok());
    }
}
