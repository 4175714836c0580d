//! What was used of servers: the page and the table for programs.

use std::collections::BTreeMap;

use axum::{
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use domain::id::ServerId;
use federation::Core;
use replica::view::Used;
use serde::Deserialize;

use super::views;
use crate::{
    auth::Signed,
    error::{FieldFault, WebError},
    meetings::usage::{Month, Row, add, csv, rows},
    pages::{
        meet::short_id,
        usage::{Line, OfMember, Usage, page as render},
    },
    site::Site,
};

/// Which month is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    month: String,
}

impl Asked {
    /// The month that was asked for, else the one that it is.
    pub(crate) fn month(&self, site: &Site) -> Result<Month, WebError> {
        if self.month.is_empty() {
            return Ok(Month::of(site.now()));
        }
        Month::parse(&self.month).ok_or_else(|| {
            let message = "A month is written like 2026-11.";
            WebError::Form(vec![FieldFault::new("month", message)])
        })
    }
}

/// `GET /meet/usage?month=`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let month = asked.month(&site)?;
    let frame = views::frame(&site, Some(&actor), &place)?;
    let view = site
        .node
        .read(|core| view(core, month, Month::of(frame.now)));
    Ok(render(&frame, &view).into_response())
}

fn view(core: &Core, month: Month, this: Month) -> Usage {
    let meetings = &core.view().meetings;
    let server_name = |id: &ServerId| {
        let known = meetings.servers.get(id);
        known.map(|known| known.record.name.clone())
    };
    let mut members: BTreeMap<_, OfMember> = BTreeMap::new();
    let mut servers: BTreeMap<_, Used> = BTreeMap::new();
    let mut sum = Used::default();
    for row in rows(meetings, month) {
        let of = members.entry(row.member).or_insert_with(|| OfMember {
            member: views::member(core, &row.member),
            lines: Vec::new(),
            used: Used::default(),
        });
        let tenant = meetings.tenants.get(&row.tenant);
        of.lines.push(Line {
            tenant: tenant.map(|tenant| tenant.record.name.clone()),
            tenant_id: row.tenant.to_string().chars().take(8).collect(),
            server: server_name(&row.server),
            server_id: short_id(&row.server),
            owner: views::member(core, &row.owner),
            used: row.used,
        });
        add(&mut of.used, &row.used);
        add(
            servers.entry((row.server, row.owner)).or_default(),
            &row.used,
        );
        add(&mut sum, &row.used);
    }
    let mut members: Vec<OfMember> = members.into_values().collect();
    members.sort_by_key(|of| (of.member.name.to_lowercase(), of.member.id.clone()));
    for of in &mut members {
        of.lines
            .sort_by_key(|line| (line.tenant.clone(), line.server.clone()));
    }
    let servers = servers.into_iter().map(|((server, owner), used)| {
        let name = server_name(&server).unwrap_or_else(|| short_id(&server));
        (name, views::member(core, &owner), used)
    });
    let mut servers: Vec<_> = servers.collect();
    servers.sort_by_key(|(name, owner, _)| (name.to_lowercase(), owner.name.clone()));
    Usage {
        month,
        members,
        servers,
        used: sum,
        next: month.next().filter(|next| *next <= this),
    }
}

/// The heads of the columns.
const COLUMNS: [&str; 12] = [
    "month",
    "member",
    "member_id",
    "tenant",
    "tenant_id",
    "server",
    "server_id",
    "measured_by",
    "measured_by_id",
    "participant_minutes",
    "meetings",
    "peak",
];

/// A row as it stands in the table: names may be empty, ids never are.
pub(crate) fn cells(core: &Core, month: Month, row: &Row) -> [String; 12] {
    let view = core.view();
    let tenant = view.meetings.tenants.get(&row.tenant);
    let server = view.meetings.servers.get(&row.server);
    [
        month.to_string(),
        view.member_name(&row.member),
        row.member.to_string(),
        tenant.map_or_else(String::new, |tenant| tenant.record.name.clone()),
        row.tenant.to_string(),
        server.map_or_else(String::new, |server| server.record.name.clone()),
        row.server.to_string(),
        view.member_name(&row.owner),
        row.owner.to_string(),
        row.used.participant_minutes.to_string(),
        row.used.meetings.to_string(),
        row.used.peak.to_string(),
    ]
}

/// `GET /meet/usage.csv?month=`
pub(crate) async fn table(
    State(site): State<Site>,
    Signed { .. }: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let month = asked.month(&site)?;
    let text = site.node.read(|core| {
        let rows = rows(&core.view().meetings, month);
        csv(COLUMNS, rows.iter().map(|row| cells(core, month, row)))
    });
    let disposition = format!("attachment; filename=\"usage-{month}.csv\"");
    let kind = "text/csv; charset=utf-8; header=present".to_owned();
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, text).into_response())
}
