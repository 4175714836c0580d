//! What a steward says of a server, as it becomes its record.

use std::{collections::BTreeSet, str::FromStr};

use bigbluebutton::Secret;
use domain::{
    record::{
        self, CAPACITY_MAX, Capability, Currency, ENERGY_BYTES_MAX, FEATURES_MAX, MonthlyCost,
        Service, is_feature,
    },
    region::{Region, RegionError},
    text::is_line,
};
use routing::capacity::Capacity;
use serde::Deserialize;

use super::{
    cost,
    servers::{Reach, algorithm_of},
};
use crate::{
    error::{FieldFault, WebError, sentence},
    fields::Fields,
    vault::hidden,
};

/// The cores of a server of which nobody says how many it has.
pub const CORES_USUAL: u64 = 8;
/// What a server can send in megabits a second, where nobody says so.
pub const MBIT_S_USUAL: u64 = 1_000;
/// How much of a server meetings of other members may take where nobody says so, in per cent.
pub const SHARE_PERCENT_USUAL: u64 = 50;
/// More cores than any machine has, and more megabits.
const MACHINE_MAX: u64 = 100_000;

/// What is said of a server: all of it when it is added, what is to change later. Fields that are
/// not there stay as they are.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Described {
    pub name: Option<String>,
    pub url: Option<String>,
    pub region: Option<String>,
    pub service: Option<String>,
    pub cores: Option<u64>,
    pub mbit_s: Option<u64>,
    pub cpu_units: Option<u64>,
    pub net_out_kbit_s: Option<u64>,
    pub users: Option<u64>,
    pub rooms: Option<u64>,
    pub room_users: Option<u64>,
    pub features: Option<Vec<String>>,
    pub share_percent: Option<u64>,
    pub energy: Option<String>,
    /// A sum such as `30.00`; empty takes it back.
    pub cost: Option<String>,
    pub currency: Option<String>,
    #[serde(deserialize_with = "hidden")]
    pub secret: Option<Secret>,
    pub algorithm: Option<String>,
    pub allow_private: Option<bool>,
    pub allow_http: Option<bool>,
}

/// A number of a form; none where the field is empty.
pub(crate) fn number<T: FromStr>(
    fields: &Fields,
    name: &'static str,
    faults: &mut Faults,
) -> Option<T> {
    let text = fields.optional(name)?;
    let number = text.parse().ok();
    if number.is_none() {
        faults.say(name, "Enter a whole number.");
    }
    number
}

/// A secret of a form; none where the field is empty.
pub(super) fn secret(fields: &Fields, faults: &mut Faults) -> Option<Secret> {
    let text = fields.raw("secret").trim();
    if text.is_empty() {
        return None;
    }
    let secret = Secret::new(text);
    if let Err(error) = &secret {
        faults.say("secret", sentence(&error.to_string()));
    }
    secret.ok()
}

/// Words of a form, with spaces or commas between.
pub(super) fn words(text: &str) -> Vec<String> {
    let words = text.split([' ', ',', '\n']).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Faults in fields, gathered so that all are said at once.
#[derive(Default)]
pub(crate) struct Faults(Vec<FieldFault>);

impl Faults {
    pub(crate) fn say(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldFault::new(field, message));
    }

    pub(crate) fn end<T>(self, whole: T) -> Result<T, WebError> {
        match self.0.is_empty() {
            true => Ok(whole),
            false => Err(WebError::Form(self.0)),
        }
    }
}

impl Described {
    /// What a form says: all of it but the service.
    pub(crate) fn of_form(fields: &Fields) -> Result<Self, WebError> {
        let mut faults = Faults::default();
        let text = |name| Some(fields.get(name).to_owned());
        let said = Self {
            name: text("name"),
            url: text("url"),
            region: text("region"),
            service: None,
            cores: number(fields, "cores", &mut faults),
            mbit_s: number(fields, "mbit_s", &mut faults),
            cpu_units: number(fields, "cpu_units", &mut faults),
            net_out_kbit_s: number(fields, "net_out_kbit_s", &mut faults),
            users: number(fields, "users", &mut faults),
            rooms: number(fields, "rooms", &mut faults),
            room_users: number(fields, "room_users", &mut faults),
            features: Some(words(fields.get("features"))),
            share_percent: number(fields, "share_percent", &mut faults),
            energy: text("energy"),
            cost: text("cost"),
            currency: fields.optional("currency").map(str::to_owned),
            secret: secret(fields, &mut faults),
            algorithm: fields.optional("algorithm").map(str::to_owned),
            allow_private: Some(fields.is_ticked("allow_private")),
            allow_http: Some(fields.is_ticked("allow_http")),
        };
        faults.end(said)
    }

    /// Without figures that stand already: then those that follow from the cores can change.
    pub(crate) fn beside(self, known: &record::Server) -> Self {
        let capability = &known.capability;
        let new = |given: Option<u64>, known: u64| given.filter(|given| *given != known);
        Self {
            cpu_units: new(self.cpu_units, capability.cpu_units),
            net_out_kbit_s: new(self.net_out_kbit_s, capability.net_out_kbit_s),
            users: new(self.users, capability.users),
            rooms: new(self.rooms, capability.rooms),
            room_users: new(self.room_users, capability.room_users),
            ..self
        }
    }

    /// How the server may be reached.
    pub(super) fn reach(&self, known: Reach, faults: &mut Faults) -> Reach {
        let algorithm = match self.algorithm.as_deref() {
            None => known.algorithm,
            Some(word) => algorithm_of(word).unwrap_or_else(|| {
                faults.say("algorithm", "Choose sha1, sha256, sha384 or sha512.");
                known.algorithm
            }),
        };
        let allow_private = self.allow_private.unwrap_or(known.allow_private);
        let allow_http = self.allow_http.unwrap_or(known.allow_http && allow_private);
        if allow_http && !allow_private {
            let message = "Only a server beside this node may be called without encryption: allow \
                           private addresses too.";
            faults.say("allow_http", message);
        }
        Reach {
            algorithm,
            allow_private,
            allow_http,
        }
    }

    /// What the server can bear: of its cores and its line, unless a figure was measured.
    fn capability(&self, known: Option<Capability>, faults: &mut Faults) -> Capability {
        let mut machine = |field, given: Option<u64>, usual| match given {
            Some(0) | Some(MACHINE_MAX..) => {
                faults.say(
                    field,
                    format!("Enter a number from 1 to {}.", MACHINE_MAX - 1),
                );
                1
            }
            given => given.unwrap_or(usual) as u32,
        };
        let cores = machine("cores", self.cores, CORES_USUAL);
        let mbit_s = machine("mbit_s", self.mbit_s, MBIT_S_USUAL);
        let expected = Capacity::from_cores(cores, mbit_s);
        let expected = Capability {
            cpu_units: (expected.cpu_units_milli / 1_000).max(1),
            net_out_kbit_s: expected.net_out_kbit_s,
            users: expected.users.max(1),
            rooms: expected.rooms,
            room_users: expected.room_users,
        };
        let (mut of_cores, mut of_line) = (expected, expected);
        if let Some(known) = known {
            of_cores = self.cores.map_or(known, |_| expected);
            of_line = self.mbit_s.map_or(known, |_| expected);
        }
        let mut figure = |field: &'static str, given: Option<u64>, otherwise| {
            let figure = given.unwrap_or(otherwise);
            if !(1..=CAPACITY_MAX).contains(&figure) {
                let what = field.replace('_', " ");
                faults.say(
                    field,
                    format!("Enter for {what} a number from 1 to {CAPACITY_MAX}."),
                );
            }
            figure
        };
        Capability {
            cpu_units: figure("cpu_units", self.cpu_units, of_cores.cpu_units),
            net_out_kbit_s: figure(
                "net_out_kbit_s",
                self.net_out_kbit_s,
                of_line.net_out_kbit_s,
            ),
            users: figure("users", self.users, of_cores.users),
            rooms: figure("rooms", self.rooms, of_cores.rooms),
            room_users: figure("room_users", self.room_users, of_cores.room_users),
        }
    }

    fn features(&self, known: BTreeSet<String>, faults: &mut Faults) -> BTreeSet<String> {
        let Some(words) = &self.features else {
            return known;
        };
        let words: BTreeSet<String> = words.iter().map(|word| word.trim().to_owned()).collect();
        if words.len() > FEATURES_MAX || !words.iter().all(|word| is_feature(word)) {
            let message = format!(
                "Write at most {FEATURES_MAX} words of small letters, digits and hyphens, such as \
                 recording."
            );
            faults.say("features", message);
        }
        words
    }

    fn cost(&self, known: Option<MonthlyCost>, faults: &mut Faults) -> Option<MonthlyCost> {
        let given = self.cost.as_deref().map(str::trim);
        match (given, self.currency.as_deref()) {
            (Some(""), _) => None,
            (None, None) => known,
            (given, currency) => {
                let code = match (currency, &known) {
                    (Some(code), _) => Currency::parse(code.trim()),
                    (None, Some(known)) => Some(known.currency),
                    (None, None) => None,
                };
                let Some(code) = code else {
                    faults.say(
                        "currency",
                        "Enter the currency's three letters, such as EUR.",
                    );
                    return None;
                };
                let known = known.as_ref().map(cost::amount);
                let read = given.or(known.as_deref()).unwrap_or_default();
                let read = cost::parse(read, code);
                if read.is_none() {
                    faults.say("cost", "Enter a sum such as 30.00.");
                }
                read
            }
        }
    }

    fn region(&self, known: Option<Region>, faults: &mut Faults) -> Option<Region> {
        match self.region.as_deref().map(str::trim) {
            None if known.is_some() => known,
            given => match given.unwrap_or_default().parse() {
                Ok(region) => Some(region),
                Err(error) => {
                    let error: RegionError = error;
                    faults.say("region", sentence(&error.to_string()));
                    None
                }
            },
        }
    }

    /// The record with what is said in it.
    pub(super) fn record(
        &self,
        (nonce, known): ([u8; 16], Option<&record::Server>),
        mut faults: Faults,
    ) -> Result<record::Server, WebError> {
        let of = |given: &Option<String>, known: Option<&String>| {
            let given = given.as_deref().or(known.map(String::as_str));
            given.unwrap_or_default().trim().to_owned()
        };
        let name = of(&self.name, known.map(|known| &known.name));
        if name.is_empty() {
            faults.say("name", "Enter a name for the server.");
        }
        let energy = of(&self.energy, known.map(|known| &known.energy));
        if energy.len() > ENERGY_BYTES_MAX || !(energy.is_empty() || is_line(&energy)) {
            let message = format!("Write at most {ENERGY_BYTES_MAX} bytes on one line.");
            faults.say("energy", message);
        }
        let share = known.map_or(SHARE_PERCENT_USUAL, |known| known.share_percent.into());
        let share = self.share_percent.unwrap_or(share);
        if share > 100 {
            faults.say(
                "share_percent",
                "Share for others: enter a number from 0 to 100.",
            );
        }
        let service = match self.service.as_deref() {
            None => known.map_or(Service::Open, |known| known.service),
            Some(word) => service_of(word).unwrap_or_else(|| {
                faults.say("service", "Choose open, cordoned, draining or tests-only.");
                Service::Open
            }),
        };
        let region = self.region(known.map(|known| known.region.clone()), &mut faults);
        let features = known.map(|known| known.features.clone());
        let record = record::Server {
            nonce,
            name,
            url: of(&self.url, known.map(|known| &known.url)),
            service,
            capability: self.capability(known.map(|known| known.capability), &mut faults),
            features: self.features(features.unwrap_or_default(), &mut faults),
            share_percent: share.min(100) as u8,
            energy,
            cost: self.cost(known.and_then(|known| known.cost), &mut faults),
            // Without one there is a fault, and nothing comes of the record.
            region: match region {
                Some(region) => region,
                None => return Err(WebError::Form(faults.0)),
            },
        };
        faults.end(record)
    }
}

/// The service of a word that a steward may choose. Removing is done by itself.
#[must_use]
pub fn service_of(word: &str) -> Option<Service> {
    let mut all = Service::ALL.into_iter();
    all.find(|service| service.as_str() == word && *service != Service::Removed)
}
