//! The fields of a server.

use maud::{Markup, html};

use super::{Server, Typed};
use crate::pages::{
    form::{Field, Filled},
    frame::Frame,
};

/// The fields of a server: of a new one, or of one that is known.
pub(super) fn fields(frame: &Frame, filled: &Filled, known: Option<(&Server, &Typed)>) -> Markup {
    let say = frame.language;
    let text = |value: fn(&Server) -> String| known.map_or(String::new(), |(one, _)| value(one));
    let name = text(|one| one.server.name.clone());
    let region = text(|one| one.region.clone());
    let features = text(|one| one.features.join(" "));
    let share = known.map_or("50".to_owned(), |(one, _)| one.share_percent.to_string());
    let energy = text(|one| one.energy.clone());
    let (amount, currency) = known
        .and_then(|(one, _)| one.cost.clone())
        .unwrap_or_default();
    let url = known.map_or("", |(_, typed)| &typed.url);
    let field = |name, label| Field::new(say, filled, name, label);
    let secret = field("secret", say.server_secret());
    html! {
        (field("name", say.server_name()).hint(say.server_name_hint()).initial(&name).required()
            .line("text", Some("off")))
        (field("url", say.server_url()).hint(say.server_url_hint()).initial(url).required()
            .line("url", Some("off")))
        (field("region", say.server_region()).hint(say.server_region_hint()).initial(&region)
            .required().line("text", Some("off")))
        @if known.is_some() {
            (secret.hint(say.server_secret_new_hint()).line("password", Some("off")))
        } @else {
            (secret.hint(say.server_secret_hint()).required().line("password", Some("off")))
        }
        (machine(frame, filled, known))
        (field("features", say.server_features()).hint(say.server_features_hint())
            .initial(&features).line("text", Some("off")))
        (field("share_percent", say.server_share()).hint(say.server_share_hint()).initial(&share)
            .number(0..=100))
        (field("energy", say.server_energy()).hint(say.server_energy_hint()).initial(&energy)
            .line("text", Some("off")))
        (field("cost", say.server_cost()).hint(say.server_cost_hint()).initial(&amount)
            .line("text", Some("off")))
        (field("currency", say.server_currency()).hint(say.server_currency_hint())
            .initial(&currency).line("text", Some("off")))
        (reach(frame, filled, known.map(|(_, typed)| typed)))
    }
}

const MACHINE_FIELDS: [&str; 5] = [
    "cpu_units",
    "net_out_kbit_s",
    "users",
    "rooms",
    "room_users",
];

/// What a server can bear.
fn machine(frame: &Frame, filled: &Filled, known: Option<(&Server, &Typed)>) -> Markup {
    let say = frame.language;
    let field = |name, label| Field::new(say, filled, name, label);
    let is_wrong = MACHINE_FIELDS.iter().any(|name| filled.is_wrong(name));
    let figure =
        |value: fn(&Server) -> u64| known.map_or(String::new(), |(one, _)| value(one).to_string());
    let (users, rooms) = (figure(|one| one.users), figure(|one| one.rooms));
    let room_users = figure(|one| one.room_users);
    let empty = Typed::default();
    let typed = known.map_or(&empty, |(_, typed)| typed);
    let (cores, cores_hint, mbit) = match known {
        None => ("8", say.server_cores_hint(), "1000"),
        Some(_) => ("", say.server_cores_again_hint(), ""),
    };
    html! {
        (field("cores", say.server_cores()).hint(cores_hint).initial(cores).number(1..=1_000))
        (field("mbit_s", say.server_mbit()).hint(say.server_mbit_hint()).initial(mbit)
            .number(1..=99_999))
        details open[is_wrong] {
            summary { (say.server_measured()) }
            (field("cpu_units", say.server_cpu_units()).hint(say.server_cpu_units_hint())
                .initial(&typed.cpu_units).number(1..=1_000_000_000))
            (field("net_out_kbit_s", say.server_kbit()).initial(&typed.net_out_kbit_s)
                .number(1..=1_000_000_000))
            (field("users", say.server_users()).initial(&users).number(1..=1_000_000_000))
            (field("rooms", say.server_rooms()).initial(&rooms).number(1..=1_000_000_000))
            (field("room_users", say.server_room_users()).initial(&room_users)
                .number(1..=1_000_000_000))
        }
    }
}

/// How a server is reached: closed, unless something in it is not as usual.
fn reach(frame: &Frame, filled: &Filled, typed: Option<&Typed>) -> Markup {
    let say = frame.language;
    let field = |name, label| Field::new(say, filled, name, label);
    let yes = |set: bool| if set { "yes" } else { "" };
    let empty = Typed {
        algorithm: "sha256".to_owned(),
        ..Typed::default()
    };
    let typed = typed.unwrap_or(&empty);
    let is_wrong = filled.is_wrong("allow_http") || filled.is_wrong("algorithm");
    let is_unusual = typed.allow_private || typed.algorithm != "sha256";
    let algorithms = ["sha1", "sha256", "sha384", "sha512"];
    let algorithms = algorithms.map(|word| (word.to_owned(), html! { (word) }));
    html! {
        details open[is_wrong || is_unusual || filled.is_wrong("url")] {
            summary { (say.server_reach()) }
            (field("algorithm", say.server_algorithm()).initial(&typed.algorithm)
                .select(None, &algorithms))
            (field("allow_private", say.server_allow_private())
                .initial(yes(typed.allow_private)).check())
            (field("allow_http", say.server_allow_http()).initial(yes(typed.allow_http)).check())
        }
    }
}
