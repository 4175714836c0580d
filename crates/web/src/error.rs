//! What can go wrong in a request, each with its status, and the one edge where it becomes a page
//! or JSON.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use federation::Refused;
use serde::Serialize;
use thiserror::Error;

use crate::{local::LocalError, meetings::limits::LimitError, seal::SealError, vault::VaultError};

/// A fault in one field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldFault {
    /// The field's name.
    pub field: &'static str,
    /// What to do about it, in a sentence.
    pub message: String,
}

impl FieldFault {
    /// A fault in `field`.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

/// Why a request, or the whole server, failed.
#[derive(Debug, Error)]
pub enum WebError {
    /// The request is not what this address takes.
    #[error("The request cannot be read: {0}.")]
    Malformed(String),
    /// An unsafe request did not come from this node's own pages.
    #[error("This request came from another site, so nothing was done.")]
    CrossSite,
    /// The form was made for another session.
    #[error("This form belongs to an earlier session, so nothing was done.")]
    StaleForm,
    /// The request names a host that is not this node.
    #[error("This node does not answer for the host {found}.")]
    ForeignHost {
        /// The host it names.
        found: String,
    },
    /// Only signed-in people may see this.
    #[error("Sign in to see this page.")]
    SignedOut,
    /// The name or the password is wrong.
    #[error("The name or the password is not right.")]
    SignIn,
    /// The personal token is unknown or was deleted.
    #[error("This token is not known here.")]
    Token,
    /// A role is needed.
    #[error("Only a {needed} can do this.")]
    Role {
        /// The role.
        needed: &'static str,
    },
    /// Metrics are for whoever runs the node.
    #[error("Metrics are not shown to this address.")]
    Metrics,
    /// Who signed up through this node is no member yet.
    #[error("You are not admitted yet.")]
    NotAdmitted,
    /// What the address names is not here.
    #[error("There is no such {what} on this node.")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// The address does not take this method.
    #[error("This address does not take {method} requests.")]
    Method {
        /// The method.
        method: String,
    },
    /// The invitation was used, has expired, or never was.
    #[error("This invitation has been used or has expired.")]
    InvitationSpent,
    /// The state of things does not allow it.
    #[error("{message}")]
    Conflict {
        /// A word for programs.
        code: &'static str,
        /// What is in the way.
        message: String,
    },
    /// Meetings run on a server that was to be removed.
    #[error(
        "{} on it. Drain it and wait until it is empty, or say that it goes all the same.",
        if *count == 1 { "1 meeting runs".to_owned() } else { format!("{count} meetings run") }
    )]
    MeetingsRun {
        /// How many.
        count: usize,
    },
    /// The core refuses, and says what to do.
    #[error("{}", sentence(&.0.to_string()))]
    Refused(#[from] Refused),
    /// Fields of a form have faults.
    #[error("{}", .0.first().map_or("There is a problem with the form.", |fault| &fault.message))]
    Form(Vec<FieldFault>),
    /// The body is too large.
    #[error("The request is larger than {} MiB, the most this node takes.", limit_bytes >> 20)]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// Too many requests.
    #[error("Too many requests. The next one is taken in {retry_seconds} seconds.")]
    TooMany {
        /// When to try again.
        retry_seconds: u64,
    },
    /// The body did not arrive in time.
    #[error("The request did not arrive within {limit_seconds} seconds.")]
    Slow {
        /// The limit.
        limit_seconds: u64,
    },
    /// The node does not answer now.
    #[error("The node is not ready: {why}.")]
    NotReady {
        /// Why.
        why: &'static str,
    },
    /// The local store failed.
    #[error("The node could not read or write its own data. Nothing was done.")]
    Local(#[from] LocalError),
    /// A local value is not what this release writes.
    #[error("The node's own data of {area} cannot be read.")]
    Corrupt {
        /// The area.
        area: &'static str,
        /// Why.
        #[source]
        cause: serde_json::Error,
    },
    /// Sealing or opening a key failed.
    #[error("The key of this account could not be opened or sealed. Nothing was done.")]
    Seal(#[from] SealError),
    /// Sealing or opening a secret of a server or tenant failed.
    #[error("{0}")]
    Vault(#[from] VaultError),
    /// What was set for a tenant breaks a rule.
    #[error("{0}")]
    Limit(#[from] LimitError),
    /// A text or note could not be read from the store.
    #[error("The node could not read its entries.")]
    Library(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server cannot listen.
    #[error("the dashboard cannot accept connections")]
    Accept(#[source] std::io::Error),
    /// A setting is no address of a site.
    #[error("{found:?} is not a URL like https://vote.example.org")]
    PublicUrl {
        /// The setting.
        found: String,
    },
    /// A setting is no network.
    #[error("{found:?} is not an address or network like 10.0.0.0/8")]
    Network {
        /// The setting.
        found: String,
    },
}

impl WebError {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::SignedOut | Self::SignIn | Self::Token => StatusCode::UNAUTHORIZED,
            Self::CrossSite
            | Self::StaleForm
            | Self::Role { .. }
            | Self::Metrics
            | Self::NotAdmitted => StatusCode::FORBIDDEN,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict { .. } | Self::MeetingsRun { .. } => StatusCode::CONFLICT,
            Self::InvitationSpent => StatusCode::GONE,
            Self::Refused(refused) => refused_status(refused),
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ForeignHost { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::Form(_) | Self::Limit(_) | Self::Vault(VaultError::Length(_)) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Vault(VaultError::Lost | VaultError::Shut) => StatusCode::CONFLICT,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotReady { .. } | Self::Seal(SealError::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Local(_)
            | Self::Corrupt { .. }
            | Self::Seal(_)
            | Self::Vault(_)
            | Self::Library(_)
            | Self::Accept(_)
            | Self::PublicUrl { .. }
            | Self::Network { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A word for programs, stable between releases.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::CrossSite => "cross-site",
            Self::StaleForm => "stale-form",
            Self::ForeignHost { .. } => "foreign-host",
            Self::SignedOut => "signed-out",
            Self::NotAdmitted => "not-admitted",
            Self::SignIn => "sign-in",
            Self::Token => "token",
            Self::Role { .. } => "role",
            Self::Metrics => "metrics",
            Self::NotFound { .. } => "not-found",
            Self::Method { .. } => "method",
            Self::InvitationSpent => "invitation-spent",
            Self::Conflict { code, .. } => code,
            Self::MeetingsRun { .. } => "meetings-run",
            Self::Refused(refused) => refused.code(),
            Self::Form(_) => "form",
            Self::Limit(_) => "limit",
            Self::Vault(VaultError::Length(_)) => "secret-length",
            Self::Vault(VaultError::Lost | VaultError::Shut) => "secrets-key",
            Self::TooLarge { .. } => "too-large",
            Self::TooMany { .. } => "too-many",
            Self::Slow { .. } => "slow",
            Self::NotReady { .. } | Self::Seal(SealError::Busy) => "not-ready",
            _ => "internal",
        }
    }

    /// What to do, in a sentence; empty if the message says it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "",
            Self::CrossSite => "Open the node's own page and do it there.",
            Self::StaleForm => {
                "Load the page again; what you typed can be copied from the old one."
            }
            Self::ForeignHost { .. } => {
                "Use the address the node was set up with, or set public_url in its configuration."
            }
            Self::SignedOut => "A steward of your co-op can invite you.",
            Self::NotAdmitted => {
                "Until then you have your account, the charter and the public archive."
            }
            Self::SignIn => "Try again, or ask a steward for a new invitation.",
            Self::Token => "Make a new token on your account page.",
            Self::Role { .. } => {
                "The stewards of your co-op give roles; they are listed on its page."
            }
            Self::Metrics => {
                "Read them on the node's own machine, name yours in web.trusted_proxies, or set \
                 web.metrics = \"public\" in its configuration."
            }
            Self::NotFound { .. } => {
                "It may not have arrived yet, or its address was cut short on the way."
            }
            Self::Method { .. } => "Open the page it belongs to and use its form.",
            Self::InvitationSpent => {
                "Sign in if you have an account, or ask a steward for a new invitation."
            }
            Self::TooLarge { .. } => "Make the text shorter, or link to what is too large.",
            Self::TooMany { .. } => "Nothing was lost. Wait, then try again.",
            Self::Slow { .. } => "Try again; if it happens often, ask whoever runs the network.",
            Self::NotReady { .. } | Self::Seal(SealError::Busy) => {
                "Nothing was lost. Try again in a few seconds."
            }
            Self::Vault(VaultError::Lost | VaultError::Shut) => {
                "Put the file back, or give the secrets again: folkmoot server set NAME \
                 --secret-file FILE, folkmoot tenant rotate NAME."
            }
            Self::MeetingsRun { .. } => {
                "folkmoot server drain NAME; or folkmoot server remove NAME --force"
            }
            Self::Conflict { .. }
            | Self::Form(_)
            | Self::Limit(_)
            | Self::Vault(VaultError::Length(_))
            | Self::Refused(_) => "",
            _ => "Give a steward the reference; the node's log has the cause.",
        }
    }

    /// Whether the node is at fault: then the cause is logged under a reference.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.code() == "internal"
    }

    /// The error and its causes on one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut line = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let _ = write!(line, ": {error}");
            cause = error.source();
        }
        line
    }
}

/// The status that fits a refusal: 403 what a right is missing for, 404 what is not here, 422 what
/// was written wrongly, 503 what the node cannot do yet, 507 what there is no room for, 409 what the
/// state of things forbids.
fn refused_status(refused: &Refused) -> StatusCode {
    match refused {
        Refused::Right { .. }
        | Refused::Revoked
        | Refused::Forked
        | Refused::NotTheProposer { .. }
        | Refused::NotInMandate { .. }
        | Refused::NotInCircle { .. }
        | Refused::NotEligible { .. } => StatusCode::FORBIDDEN,
        Refused::DiskFull | Refused::DiskFullHeld => StatusCode::INSUFFICIENT_STORAGE,
        Refused::UnknownProposal
        | Refused::UnknownDocument
        | Refused::UnknownCircle
        | Refused::UnknownMember(_)
        | Refused::UnknownAction
        | Refused::UnknownGathering
        | Refused::UnknownKey => StatusCode::NOT_FOUND,
        Refused::ReasonTooShort { .. }
        | Refused::Aim(_)
        | Refused::Choice(_)
        | Refused::Rule(_)
        | Refused::Class(..)
        | Refused::ProofMissing { .. }
        | Refused::Proof { .. }
        | Refused::Text { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Refused::NotCaughtUp | Refused::Clock(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::CONFLICT,
    }
}

/// The core's words as a sentence.
pub(crate) fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    let end = if words.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    first.chain(characters).collect::<String>() + end
}

/// The error of a response, for the edge that knows what the client wants to read.
#[derive(Clone)]
pub(crate) struct Failed(pub Arc<WebError>);

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Failed(Arc::new(self)));
        response
    }
}
