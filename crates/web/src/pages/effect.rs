//! What a decision does to the federation itself: in words, and the fields that say it.

use domain::{
    effect::{COMMITTEE, LONGER_MAX},
    id::Timestamp,
};
use maud::{Markup, html};

use super::{
    form::{Field, Filled},
    frame::Frame,
    parts::{Name, circle_link, member_link, paragraphs, short},
};

/// What a version does by itself once it is passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A newcomer becomes a member.
    Admission {
        /// Its name.
        name: String,
        /// The name of its class.
        class: String,
        /// Its root key.
        root_key: String,
        /// What it wrote.
        request: String,
        /// What it commits itself to.
        contribution: String,
        /// The hash of the charter it accepts.
        terms: String,
    },
    /// A member is expelled.
    Expulsion(Name),
    /// A member changes its class.
    Class(Name, String),
    /// A member is served by the node of another, or by its own.
    Host(Name, Option<Name>),
    /// Somebody holds an office, or nobody any more.
    Office {
        /// Its title.
        title: String,
        /// The circle; of the federation if none.
        circle: Option<Name>,
        /// Who: the person's name where the reader may see it, and the member.
        holder: Option<(Option<String>, Name)>,
        /// When the term ends.
        until: Option<Timestamp>,
    },
    /// People may act for the federation.
    Commission {
        /// Its name.
        name: String,
        /// What it may do.
        powers: String,
        /// Who.
        people: Vec<(Option<String>, Name)>,
        /// When the term ends.
        until: Timestamp,
    },
    /// The charter is replaced: keys with what they said and will say.
    Charter(Vec<(String, Option<String>, Option<String>)>),
    /// A version of the rules is followed from a height on.
    Rules(u64, u64),
    /// Votes take so many times as long until a day.
    ForceMajeure(u64, Timestamp),
    /// People mediate.
    Mediation {
        /// The proposal in conflict.
        proposal: Name,
        /// Who.
        people: Vec<(Option<String>, Name)>,
        /// When their report is due.
        until: Timestamp,
    },
    /// What a server is offered for.
    ServerPolicy {
        /// Its owner.
        member: Name,
        /// Its name.
        server: String,
        /// What for.
        policy: String,
    },
    /// A settlement binds: the period and the digest of its result.
    Settlement(String, String),
    /// A member has another root key.
    Root(Name),
}

/// A person with its member.
pub(super) fn someone(frame: &Frame, (person, member): &(Option<String>, Name)) -> Markup {
    let say = frame.language;
    match person {
        Some(person) => say.person_of(person, member_link(member)),
        None => say.someone_of(member_link(member)),
    }
}

/// What it does, in a sentence and what belongs to it.
#[must_use]
pub fn words(frame: &Frame, what: &What) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let all = |people: &[(Option<String>, Name)]| {
        say.list(people.iter().map(|one| someone(frame, one)).collect())
    };
    let link = |proposal: &Name| html! { a href={ "/decide/" (proposal.id) } { (proposal.name) } };
    match what {
        What::Admission {
            name,
            class,
            root_key,
            request,
            contribution,
            terms,
        } => html! {
            p { (say.effect_admission(html! { a href={ "/applicants/" (root_key) } { (name) } }, class)) }
            dl.facts {
                dt { (say.effect_its_request()) } dd { (paragraphs(request)) }
                dt { (say.effect_its_contribution()) } dd { (contribution) }
                dt { (say.effect_its_terms()) } dd { (short(terms)) }
            }
        },
        What::Expulsion(member) => html! { p { (say.effect_expulsion(member_link(member))) } },
        What::Class(member, class) => {
            html! { p { (say.effect_class(member_link(member), class)) } }
        }
        What::Host(member, Some(host)) => {
            html! { p { (say.effect_host(member_link(member), member_link(host))) } }
        }
        What::Host(member, None) => html! { p { (say.effect_own_node(member_link(member))) } },
        What::Office {
            title,
            circle,
            holder,
            until,
        } => html! {
            p {
                @match (circle, holder) {
                    (None, Some(who)) => (say.effect_office(title, someone(frame, who))),
                    (None, None) => (say.effect_office_ends(title)),
                    (Some(circle), Some(who)) => {
                        (say.effect_circle_office(title, circle_link(circle), someone(frame, who)))
                    }
                    (Some(circle), None) => (say.effect_circle_office_ends(title, circle_link(circle))),
                }
                @if let Some(until) = until { " " (say.effect_term(clock.day(*until))) }
            }
        },
        What::Commission {
            name,
            powers,
            people,
            until,
        } => html! {
            p { (say.effect_commission(name, all(people))) " " (say.effect_term(clock.day(*until))) }
            @if name == COMMITTEE { p { strong { (say.effect_committee()) } } }
            dl.facts { dt { (say.effect_powers()) } dd { (paragraphs(powers)) } }
        },
        What::Charter(changes) if changes.is_empty() => html! { p { (say.effect_charter_same()) } },
        What::Charter(changes) => html! {
            p { (say.effect_charter()) }
            ul.stack {
                @for (key, before, after) in changes {
                    @let none = || say.effect_charter_none();
                    @let value = |value: &Option<String>| match value {
                        Some(value) => html! { (value) },
                        None => none(),
                    };
                    li { (say.effect_charter_value(key, html! { del { (value(before)) } }, html! { ins { (value(after)) } })) }
                }
            }
        },
        What::Rules(version, height) => html! { p { (say.effect_rules(*version, *height)) } },
        What::ForceMajeure(times, until) => {
            html! { p { (say.effect_force_majeure(*times, clock.day(*until))) } }
        }
        What::Mediation {
            proposal,
            people,
            until,
        } => html! {
            p {
                (say.effect_mediation(all(people), link(proposal))) " "
                (say.effect_report(clock.day(*until)))
            }
        },
        What::ServerPolicy {
            member,
            server,
            policy,
        } => html! {
            p { (say.effect_server_policy(server, member_link(member))) }
            (paragraphs(policy))
        },
        What::Settlement(period, digest) => {
            html! { p { (say.effect_settlement(period, short(digest))) } }
        }
        What::Root(member) => html! { p { (say.effect_root(member_link(member))) } },
    }
}

/// What can be proposed, as addresses and fields name it.
pub const SORTS: [&str; 10] = [
    "admission",
    "expulsion",
    "class",
    "host",
    "office",
    "commission",
    "charter",
    "force-majeure",
    "mediation",
    "server-policy",
];

/// What there is to choose from.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Which of [`SORTS`]; empty for a proposal that does nothing by itself.
    pub does: String,
    /// What the address said it is about.
    pub of: String,
    /// Who applied, by root key.
    pub candidates: Vec<Name>,
    /// The members.
    pub members: Vec<Name>,
    /// The classes.
    pub classes: Vec<Name>,
    /// The circles.
    pub circles: Vec<Name>,
    /// People, as `member:person`.
    pub people: Vec<Name>,
    /// Proposals that are blocked.
    pub blocked: Vec<Name>,
    /// The charter to start from.
    pub charter: String,
}

fn title(frame: &Frame, sort: &str) -> Markup {
    let say = frame.language;
    match sort {
        "admission" => say.propose_admission(),
        "expulsion" => say.propose_expulsion(),
        "class" => say.propose_class(),
        "host" => say.propose_host(),
        "office" => say.propose_office(),
        "commission" => say.propose_commission(),
        "charter" => say.propose_charter(),
        "force-majeure" => say.propose_force_majeure(),
        "mediation" => say.propose_mediation(),
        _ => say.propose_server_policy(),
    }
}

/// The way to proposals that change the federation; nothing but a sentence where there is no
/// register.
#[must_use]
pub fn doors(frame: &Frame, has_register: bool) -> Markup {
    let say = frame.language;
    html! {
        details {
            summary { (say.change_federation()) }
            @if has_register {
                p.hint { (say.change_federation_hint()) }
                ul.stack {
                    @for sort in SORTS {
                        li { a href={ "/decide/new?does=" (sort) } { (title(frame, sort)) } }
                    }
                }
            } @else { p.hint { (say.effect_needs_register()) } }
        }
    }
}

/// The fields that say what a proposal does.
#[must_use]
pub fn fields(frame: &Frame, view: &Choices, filled: &Filled) -> Markup {
    let say = frame.language;
    let options = |names: &[Name]| -> Vec<(String, Markup)> {
        let option = |name: &Name| (name.id.clone(), html! { (name.name) });
        names.iter().map(option).collect()
    };
    let choose = |field: &'static str, label: Markup, names: &[Name]| {
        Field::new(say, filled, field, label)
            .initial(&view.of)
            .required()
            .select(Some(say.choose_one()), &options(names))
    };
    let line = |field: &'static str, label: Markup| {
        Field::new(say, filled, field, label)
            .required()
            .line("text", None)
    };
    let member = || choose("effect_member", say.member(), &view.members);
    let until = |label: Markup| {
        Field::new(say, filled, "effect_until", label)
            .required()
            .line("date", None)
    };
    let people = || {
        let rows: Vec<(&str, Markup, Markup, &str)> = view
            .people
            .iter()
            .map(|one| (one.id.as_str(), html! { (one.name) }, Markup::default(), ""))
            .collect();
        Field::new(say, filled, "effect_people", say.effect_people()).rows("checkbox", &rows)
    };
    html! {
        section.box {
            h2.h3 { (title(frame, &view.does)) }
            p.hint { (say.effect_explained()) }
            input type="hidden" name="does" value=(view.does);
            @match view.does.as_str() {
                "admission" => {
                    (choose("effect_root", say.effect_who_applied(), &view.candidates))
                }
                "expulsion" => { (member()) }
                "class" => {
                    (member())
                    (Field::new(say, filled, "effect_class", say.effect_which_class()).required()
                        .select(Some(say.choose_one()), &options(&view.classes)))
                }
                "host" => {
                    (member())
                    (Field::new(say, filled, "effect_host", say.effect_which_host()).required()
                        .select(Some(say.choose_one()), &options(&view.members)))
                }
                "office" => {
                    (Field::new(say, filled, "effect_circle", say.circle()).initial(&view.of)
                        .select(Some(say.effect_whole_federation()), &options(&view.circles)))
                    (Field::new(say, filled, "effect_title", say.effect_office_title())
                        .hint(say.effect_office_title_hint()).required().line("text", None))
                    (Field::new(say, filled, "effect_holder", say.effect_holder())
                        .select(Some(say.effect_nobody()), &options(&view.people)))
                    (Field::new(say, filled, "effect_until", say.effect_until()).line("date", None))
                }
                "commission" => {
                    (Field::new(say, filled, "effect_name", say.effect_commission_name())
                        .hint(say.effect_commission_name_hint()).required().line("text", None))
                    (Field::new(say, filled, "effect_powers", say.effect_powers()).required().area(3))
                    (people())
                    (until(say.effect_until()))
                }
                "charter" => {
                    (Field::new(say, filled, "charter", say.effect_new_charter())
                        .hint(say.effect_new_charter_hint()).initial(&view.charter).required()
                        .area(20))
                }
                "force-majeure" => {
                    (Field::new(say, filled, "effect_times", say.effect_times())
                        .hint(say.effect_times_hint()).initial("2").required().number(2..=LONGER_MAX))
                    (until(say.effect_until()))
                }
                "mediation" => {
                    (choose("effect_proposal", say.effect_conflict(), &view.blocked))
                    (people())
                    (until(say.effect_until()))
                }
                _ => {
                    (member())
                    (line("effect_server", say.effect_server()))
                    (Field::new(say, filled, "effect_policy", say.effect_policy()).required().area(3))
                }
            }
        }
    }
}
