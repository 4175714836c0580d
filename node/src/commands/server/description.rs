//! What is said of a server, as options.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};

/// The longest file with a secret, in bytes.
const SECRET_FILE_BYTES_MAX: u64 = 1_024;

/// What it can bear, and more.
#[derive(Debug, Args)]
pub(super) struct Description {
    /// The cores of its processor [default: 8, for a new server]
    #[arg(long, value_name = "NUMBER")]
    cores: Option<u64>,
    /// What it can send, in megabits a second [default: 1000, for a new server]
    #[arg(long, value_name = "NUMBER")]
    mbit: Option<u64>,
    /// What its processor bears, if you have measured it: one unit forwards a camera of 320 × 240
    /// pixels
    #[arg(long, value_name = "NUMBER")]
    cpu_units: Option<u64>,
    /// People in all its meetings at one time [default: by its cores]
    #[arg(long, value_name = "NUMBER")]
    users: Option<u64>,
    /// Meetings at one time [default: by its cores]
    #[arg(long, value_name = "NUMBER")]
    rooms: Option<u64>,
    /// People in one meeting [default: 200, for a new server]
    #[arg(long, value_name = "NUMBER")]
    room_users: Option<u64>,
    /// What it can do beyond meetings; may come several times. With recording it takes meetings that are
    /// recorded; other words, such as dedicated, mean what your co-op gives them: a front end can ask for
    /// them (folkmoot tenant limits --feature)
    #[arg(long, value_name = "WORD")]
    feature: Vec<String>,
    /// How much of it meetings of other members may take, in per cent [default: 50, for a new
    /// server]
    #[arg(long, value_name = "PERCENT")]
    share: Option<u64>,
    /// Where its energy comes from, in a few words
    #[arg(long, value_name = "TEXT")]
    energy: Option<String>,
    /// What it costs in a month, such as 30.00
    #[arg(long, value_name = "SUM")]
    cost: Option<String>,
    /// The currency of that, such as EUR
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// The hash of its checksums: sha1, sha256, sha384 or sha512 [default: sha256]
    #[arg(long, value_name = "NAME")]
    algorithm: Option<String>,
    /// Its name may lead into a private network: it stands beside this node
    #[arg(
        long,
        value_name = "yes|no",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = yes_or_no
    )]
    allow_private: Option<bool>,
    /// It may be called without encryption; only beside --allow-private
    #[arg(
        long,
        value_name = "yes|no",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "yes",
        value_parser = yes_or_no
    )]
    allow_http: Option<bool>,
}

/// Reads `yes` or `no`.
pub(in crate::commands) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

impl Description {
    /// The fields that were given.
    pub(super) fn fields(self) -> Value {
        let mut fields = json!({
            "cores": self.cores,
            "mbit_s": self.mbit,
            "cpu_units": self.cpu_units,
            "users": self.users,
            "rooms": self.rooms,
            "room_users": self.room_users,
            "share_percent": self.share,
            "energy": self.energy,
            "cost": self.cost,
            "currency": self.currency,
            "algorithm": self.algorithm,
            "allow_private": self.allow_private,
            "allow_http": self.allow_http,
        });
        if !self.feature.is_empty() {
            fields["features"] = json!(self.feature);
        }
        without_nothing(fields)
    }
}

/// An object without the fields that were not given.
pub(in crate::commands) fn without_nothing(mut fields: Value) -> Value {
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    fields
}

/// The secret in a file: all of it but the line end.
pub(in crate::commands) fn secret_of(file: &Path) -> Outcome<Zeroizing<String>> {
    let fault = || Failure::usage(format!("cannot read a secret from {}", file.display()));
    // A directory, or something endless, is no secret.
    let metadata = std::fs::metadata(file).map_err(|error| fault().because(error))?;
    if metadata.is_file() && metadata.len() > SECRET_FILE_BYTES_MAX {
        return Err(fault().hint("the file holds the secret alone, on one line"));
    }
    let read = std::fs::read_to_string(file).map_err(|error| fault().because(error))?;
    let read = Zeroizing::new(read);
    let secret = Zeroizing::new(read.trim().to_owned());
    if secret.is_empty() || secret.contains(char::is_whitespace) {
        return Err(fault().hint("the file holds the secret alone, on one line"));
    }
    Ok(secret)
}

/// The same of a file that may be left out.
pub(in crate::commands) fn optional_secret(
    file: Option<&PathBuf>,
) -> Outcome<Option<Zeroizing<String>>> {
    file.map(|file| secret_of(file)).transpose()
}
