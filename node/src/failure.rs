//! What a command ends with when it does not end well: a sentence, why, and what to type next.

use std::{error::Error, fmt, process::ExitCode};

use domain::text::shown_block;
use store::StoreError;

/// The kinds of failure, each with its exit code. They never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was refused, or failed.
    Refused = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration or the data directory does not fit.
    Configuration = 3,
    /// The node cannot be reached.
    Unreachable = 4,
    /// The store is damaged.
    Damaged = 5,
}

/// A failure for the person at the terminal.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    /// What happened, as a sentence.
    pub message: String,
    /// A command to type, or what else to do.
    pub hint: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What commands return.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            source: None,
        }
    }

    /// Refused or failed.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The configuration or the data directory does not fit.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Kind::Configuration, message)
    }

    /// The node cannot be reached.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unreachable, message)
    }

    /// The store is damaged.
    pub fn damaged(message: impl Into<String>) -> Self {
        Self::new(Kind::Damaged, message)
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A failure that another process had.
    pub fn of_exit(exit: u8, message: impl Into<String>, hint: Option<String>) -> Self {
        let kind = match exit {
            2 => Kind::Usage,
            3 => Kind::Configuration,
            4 => Kind::Unreachable,
            5 => Kind::Damaged,
            _ => Kind::Refused,
        };
        Self {
            hint,
            ..Self::new(kind, message)
        }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }

    /// As one JSON object, for `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "error": self.message,
            "hint": self.hint,
            "exit": self.kind as u8,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Causes repeat what they found in files and answers, whoever wrote it.
        write!(f, "error: {}", shown_block(&self.message))?;
        let mut cause = self.source.as_deref().map(|source| source as &dyn Error);
        while let Some(error) = cause {
            let error_shown = shown_block(&error.to_string());
            write!(f, "\n  because: {error_shown}")?;
            cause = error.source();
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {}", shown_block(hint))?;
        }
        Ok(())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (message, cause) = (error.to_string(), error.source().map(ToString::to_string));
        let failure = match &error {
            StoreError::InUse { .. } => Self::configuration(message),
            StoreError::OtherFederation { .. }
            | StoreError::Newer { .. }
            | StoreError::Nothing { .. }
            | StoreError::Setting { .. }
            | StoreError::File { .. } => Self::configuration(message),
            StoreError::Damaged { .. }
            | StoreError::Corrupt { .. }
            | StoreError::CorruptChunk { .. }
            | StoreError::CorruptLocal { .. }
            | StoreError::Broken { .. }
            | StoreError::Unreadable { .. } => {
                Self::damaged(message).hint("folkmoot store check, then folkmoot store rebuild")
            }
            _ => Self::refused(message),
        };
        match cause {
            Some(cause) => failure.because(cause),
            None => failure,
        }
    }
}
