//! Logs, to standard error.

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogFormat, LogSection};

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

/// Begins to log. `FOLKMOOT_LOG` overrides the configured level.
pub fn start(section: &LogSection) {
    let level = std::env::var("FOLKMOOT_LOG").unwrap_or_else(|_| section.level.clone());
    let filter = EnvFilter::try_new(&level).unwrap_or_else(|_| EnvFilter::new("info"));
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
