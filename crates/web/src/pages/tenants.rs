//! Front ends of this node: for stewards.

use domain::id::Timestamp;
use maud::{Markup, html};

use super::form::{Field, Filled, csrf, second_step};
use super::frame::{Area, Frame, Head, document};
use super::node::tabs;
use super::parts::{Name, crumbs, member_link, note, page_head};
use super::servers::secret_remark;
use crate::catalogue::Language;
use crate::meetings::SecretState;
use crate::meetings::configuration::FrontEnd;
use crate::meetings::levels::{LEVELS, level};
use crate::meetings::limits::{LIMIT_MAX, Parameter, Rules};

/// A front end as the pages show it.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id and name.
    pub tenant: Name,
    /// The member it belongs to.
    pub member: Name,
    /// Where its people are; may be empty.
    pub region: String,
    /// What this node has of its secret.
    pub secret: SecretState,
    /// Until when each old secret works.
    pub old_until: Vec<Timestamp>,
    /// What is set for it; none where its home is another node.
    pub rules: Option<Rules>,
    /// It is the rooms of its member, no program outside of this node.
    pub is_of_rooms: bool,
}

/// What is shown of a front end where that is asked for.
#[derive(Clone, Default)]
pub struct Once {
    /// Its newest secret.
    pub secret: Option<String>,
    /// The program a configuration is for, and its text.
    pub configuration: Option<(&'static str, String)>,
}

/// `/node/tenants`: all of them, and a form for another. `members` are those it can belong to: id and
/// name.
#[must_use]
pub fn list(
    frame: &Frame,
    tenants: &[Tenant],
    members: &[(String, String)],
    filled: &Filled,
) -> Markup {
    let say = frame.language;
    let body = html! {
        (page_head(
            crumbs(say, &[("/node", say.this_node())], say.tenants()),
            say.tenants_of(&frame.member),
            say.tenants_explained(),
        ))
        (tabs(say, "/node/tenants"))
        div.split {
            div.col {
                @if tenants.is_empty() { p.empty { (say.tenants_none()) } }
                @else { (table(say, tenants)) }
            }
            div.col { (add_form(frame, members, filled)) }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(say.tenants(), Area::Node)
    };
    document(frame, &head, body)
}

fn table(say: Language, tenants: &[Tenant]) -> Markup {
    html! {
        table.cards {
            caption.vh { (say.tenants()) }
            thead {
                tr {
                    th scope="col" { (say.tenant_name()) }
                    th scope="col" { (say.tenant_member()) }
                    th scope="col" { (say.tenant_level()) }
                    th scope="col" { (say.tenant_limits()) }
                }
            }
            tbody {
                @for one in tenants {
                    tr {
                        th scope="row" {
                            a href={ "/node/tenants/" (one.tenant.id) } { (one.tenant.name) }
                            @if !one.region.is_empty() { span.sub { (one.region) } }
                            @if one.is_of_rooms { span.sub { (say.tenant_of_rooms()) } }
                            (secret_remark(say, Some(one.secret)))
                        }
                        td data-label=(say.tenant_member()) { (member_link(&one.member)) }
                        td data-label=(say.tenant_level()) {
                            span { (level_name(say, one.rules.as_ref())) }
                        }
                        td data-label=(say.tenant_limits()) { span { (limits_words(say, one)) } }
                    }
                }
            }
        }
    }
}

fn level_name(say: Language, rules: Option<&Rules>) -> Markup {
    let known = rules.and_then(|rules| level(&rules.level));
    match known {
        Some(level) => html! { (level.name) },
        None => html! { span.muted { (say.not_said()) } },
    }
}

fn limits_words(say: Language, one: &Tenant) -> Markup {
    let Some(rules) = &one.rules else {
        return say.tenant_elsewhere();
    };
    let limits = &rules.limits;
    if limits.meetings_max.is_none() && limits.participants_max.is_none() {
        return say.tenant_level_none();
    }
    let figure = |limit: Option<u32>| match limit {
        Some(limit) => html! { (limit) },
        None => say.no_limit(),
    };
    say.tenant_limits_of(figure(limits.meetings_max), figure(limits.participants_max))
}

fn asked_for(say: Language, name: &str, once: &Once) -> Markup {
    html! {
        @if let Some(secret) = &once.secret {
            section.box aria-labelledby="secret-title" {
                h2 id="secret-title" { (say.secret_of(name)) }
                p { (say.secret_shown()) }
                p.secret { code { (secret) } }
            }
        }
        @if let Some((program, text)) = &once.configuration {
            section.box aria-labelledby="configuration-title" {
                h2 id="configuration-title" { (say.configuration_of(program)) }
                textarea readonly rows="18" aria-labelledby="configuration-title" { (text) }
            }
        }
    }
}

/// What each level allows, folded.
fn levels_explained(say: Language) -> Markup {
    let figure = |limit: Option<u32>| match limit {
        Some(limit) => html! { (limit) },
        None => say.not_limited(),
    };
    html! {
        details.small {
            summary { (say.tenant_levels_explained()) }
            table {
                thead {
                    tr {
                        th scope="col" { (say.tenant_level()) }
                        th scope="col" { (say.limit_meetings()) }
                        th scope="col" { (say.limit_participants()) }
                        th scope="col" { (say.limit_duration()) }
                    }
                }
                tbody {
                    @for level in &LEVELS {
                        tr {
                            th scope="row" { (level.name) }
                            td { (figure(level.limits.meetings_max)) }
                            td { (figure(level.limits.participants_max)) }
                            td { (figure(level.limits.duration_max_minutes)) }
                        }
                    }
                }
            }
            p { (say.tenant_levels_recording()) }
        }
    }
}

fn levels() -> Vec<(String, Markup)> {
    let all = LEVELS.iter();
    all.map(|level| (level.word.to_owned(), html! { (level.name) }))
        .collect()
}

fn add_form(frame: &Frame, members: &[(String, String)], filled: &Filled) -> Markup {
    let say = frame.language;
    let field = |name, label| Field::new(say, filled, name, label);
    let options: Vec<(String, Markup)> = members
        .iter()
        .map(|(id, name)| (id.clone(), html! { (name) }))
        .collect();
    let first = members.first().map_or("", |(id, _)| id);
    html! {
        section aria-labelledby="add-title" {
            h2.h3 id="add-title" { (say.add_tenant()) }
            form method="post" action="/node/tenants" {
                (csrf(frame.csrf()))
                (field("name", say.tenant_name()).hint(say.tenant_name_hint()).required()
                    .line("text", Some("off")))
                @if members.len() > 1 {
                    (field("member", say.tenant_member()).initial(first).select(None, &options))
                }
                (field("region", say.tenant_region()).hint(say.tenant_region_hint())
                    .line("text", Some("off")))
                (field("level", say.tenant_level()).hint(say.tenant_level_hint())
                    .select(Some(say.tenant_level_none()), &levels()))
                (levels_explained(say))
                (field("secret", say.tenant_secret()).hint(say.tenant_secret_hint())
                    .line("password", Some("off")))
                div.buttons { button.btn.primary { (say.add_tenant()) } }
            }
        }
    }
}

/// `/node/tenants/{id}`
#[must_use]
pub fn one(frame: &Frame, one: &Tenant, once: &Once, filled: &Filled) -> Markup {
    let (say, clock) = (frame.language, frame.clock());
    let path = format!("/node/tenants/{}", one.tenant.id);
    let above = [("/node", say.this_node()), ("/node/tenants", say.tenants())];
    let body = html! {
        (page_head(
            crumbs(say, &above, html! { (one.tenant.name) }),
            html! { (one.tenant.name) },
            html! {
                (member_link(&one.member))
                @if !one.region.is_empty() { " · " (one.region) }
            },
        ))
        (tabs(say, "/node/tenants"))
        (asked_for(say, &one.tenant.name, once))
        @match one.secret {
            SecretState::Shut => {
                (note(say.secret_shut(), html! { p { (say.secret_shut_todo()) } }))
            }
            SecretState::Missing => {
                (note(say.secret_missing(), html! { p { (say.tenant_elsewhere()) } }))
            }
            SecretState::Here => {}
        }
        @if one.is_of_rooms { p { (say.tenant_of_rooms_explained()) } }
        @for until in &one.old_until {
            p { (say.tenant_old_until(clock.deadline_short(*until))) }
        }
        div.split {
            div.col {
                @if let Some(rules) = &one.rules { (limits_form(frame, (&path, rules), &filled.of_form_with("forced"))) }
            }
            div.col { (acts(frame, one, (&path, filled))) }
        }
    };
    let head = Head {
        filled: Some(filled),
        ..Head::new(html! { (one.tenant.name) }, Area::Node)
    };
    document(frame, &head, body)
}

fn lines(parameters: &[Parameter]) -> String {
    let lines = parameters.iter();
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.join("\n")
}

fn limits_form(frame: &Frame, (path, rules): (&str, &Rules), filled: &Filled) -> Markup {
    let say = frame.language;
    let limits = &rules.limits;
    let words: Vec<&str> = rules.features.iter().map(String::as_str).collect();
    let (words, defaults) = (words.join(" "), lines(&rules.defaults));
    let forced = lines(&rules.forced);
    let figure = |limit: Option<u32>| limit.map_or(String::new(), |limit| limit.to_string());
    let figures = [
        (
            "meetings_max",
            say.limit_meetings(),
            figure(limits.meetings_max),
        ),
        (
            "participants_max",
            say.limit_participants(),
            figure(limits.participants_max),
        ),
        (
            "participants_total_max",
            say.limit_participants_total(),
            figure(limits.participants_total_max),
        ),
        (
            "duration_max_minutes",
            say.limit_duration(),
            figure(limits.duration_max_minutes),
        ),
    ];
    let field = |name, label| Field::new(say, filled, name, label);
    html! {
        section aria-labelledby="limits-title" {
            h2.h3 id="limits-title" { (say.tenant_limits()) }
            p.small { (say.tenant_limits_explained()) }
            form method="post" action={ (path) "/limits" } {
                (csrf(frame.csrf()))
                @for (name, label, initial) in &figures {
                    (field(name, label.clone()).initial(initial).number(1..=u64::from(LIMIT_MAX)))
                }
                (field("recording", say.limit_recording())
                    .initial(if limits.recording { "yes" } else { "" }).check())
                (field("features", say.tenant_features()).hint(say.tenant_features_hint())
                    .initial(&words).line("text", Some("off")))
                (field("defaults", say.tenant_defaults()).hint(say.tenant_parameters_hint())
                    .initial(&defaults).area(3))
                (field("forced", say.tenant_forced()).hint(say.tenant_parameters_hint())
                    .initial(&forced).area(3))
                div.buttons { button.btn.primary { (say.save_limits()) } }
            }
        }
    }
}

fn acts(frame: &Frame, one: &Tenant, (path, filled): (&str, &Filled)) -> Markup {
    let say = frame.language;
    let of_level = filled.of_form_with("level");
    let of_description = filled.of_form_with("region");
    html! {
        @if let Some(rules) = &one.rules {
            section aria-labelledby="level-title" {
                h2.h3 id="level-title" { (say.tenant_level()) }
                form method="post" action={ (path) "/level" } {
                    (csrf(frame.csrf()))
                    (Field::new(say, &of_level, "level", say.tenant_level())
                        .initial(&rules.level).required()
                        .select(Some(say.not_said()), &levels()))
                    (levels_explained(say))
                    div.buttons { button.btn { (say.set_level()) } }
                }
            }
        }
        section aria-labelledby="describe-title" {
            h2.h3 id="describe-title" { (say.tenant_describe()) }
            form method="post" action=(path) {
                (csrf(frame.csrf()))
                (Field::new(say, &of_description, "name", say.tenant_name()).hint(say.tenant_name_hint())
                    .initial(&one.tenant.name).required().line("text", Some("off")))
                (Field::new(say, &of_description, "region", say.tenant_region()).hint(say.tenant_region_hint())
                    .initial(&one.region).line("text", Some("off")))
                div.buttons { button.btn { (say.save_tenant()) } }
            }
        }
        @if !one.is_of_rooms { (outer_acts(frame, one, (path, filled))) }
    }
}

/// What is done with a program outside of this node: rooms are none.
fn outer_acts(frame: &Frame, one: &Tenant, (path, filled): (&str, &Filled)) -> Markup {
    let say = frame.language;
    let of_program = filled.of_form_with("for");
    // Of a new secret nothing but what is wrong comes back.
    let of_secret = match filled.is_wrong("secret") {
        true => filled.clone(),
        false => Filled::default(),
    };
    let programs = FrontEnd::ALL.map(|one| (one.as_str().to_owned(), html! { (one.name()) }));
    html! {
        section aria-labelledby="configure-title" {
            h2.h3 id="configure-title" { (say.tenant_configuration()) }
            form method="get" action={ (path) "/configuration" } {
                (Field::new(say, &of_program, "for", say.tenant_configuration_for()).select(None, &programs))
                @if one.secret == SecretState::Here {
                    (Field::new(say, &of_program, "with_secret", say.tenant_with_secret()).check())
                }
                div.buttons { button.btn { (say.show_configuration()) } }
            }
            @if one.secret == SecretState::Here {
                p { a href={ (path) "/secret" } { (say.show_secret()) } }
            }
        }
        section aria-labelledby="rotate-title" {
            h2.h3 id="rotate-title" { (say.tenant_rotate()) }
            (second_step(
                ("rotate", of_secret.has_errors()),
                say.tenant_rotate_open(),
                html! { p.small { (say.tenant_rotate_explained()) } },
                html! {
                    form method="post" action={ (path) "/rotate" } {
                        (csrf(frame.csrf()))
                        (Field::new(say, &of_secret, "now", say.tenant_rotate_now()).check())
                        (Field::new(say, &of_secret, "secret", say.tenant_rotate_given())
                            .hint(say.tenant_secret_hint()).line("password", Some("off")))
                        div.buttons { button.btn { (say.make_secret()) } }
                    }
                },
            ))
        }
        section aria-labelledby="remove-title" {
            h2.h3 id="remove-title" { (say.tenant_remove()) }
            (second_step(
                ("remove", false),
                say.tenant_remove_open(),
                html! { p.small { (say.tenant_remove_explained()) } },
                html! {
                    form method="post" action={ (path) "/remove" } {
                        (csrf(frame.csrf()))
                        div.buttons { button.btn { (say.tenant_remove()) } }
                    }
                },
            ))
        }
    }
}
