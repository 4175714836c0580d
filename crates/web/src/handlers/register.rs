//! The register, for anyone to read.

pub(crate) mod recovery;

use axum::{
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{
    entry::Entry,
    id::{EntryId, Hash, MemberId, ProposalId},
};
use federation::{
    Core,
    finality::{HeightTold, Shown, Told},
};
use register::{file::Turn, registrar::Registrar};
use serde::Deserialize;

use super::{
    decision::{effect_of, file_path},
    views,
};
use crate::{
    auth::Visitor,
    error::WebError,
    heights,
    pages::{
        parts::Name,
        register::{self as pages, Begun, CaughtLine, Height, Line, Pending, Row, Validator},
    },
    site::Site,
};

/// How many heights one page has, and of how many it is told who signed them.
const PAGE: usize = 20;

#[derive(Deserialize)]
pub(crate) struct Paged {
    #[serde(default)]
    page: usize,
}

fn missing(what: &'static str) -> WebError {
    WebError::NotFound { what }
}

/// What a height did, in lines.
pub(crate) fn lines(core: &Core, told: &HeightTold) -> Vec<Line> {
    let view = core.view();
    let line = |one: &Told| match one {
        Told::Vote { opening, turn } => {
            let vote = core.annals().vote(opening)?;
            let ended = vote.ended.as_ref();
            // A vote that was replaced ends at the height that opens the other.
            let ended = ended.filter(|ended| ended.height == told.height && *turn != Turn::Opened);
            Some(Line::Vote {
                proposal: Name::new(vote.proposal.to_string(), vote.title.clone()),
                by: view.member_name(&vote.proposer),
                turn: *turn,
                effect: ended.and_then(|ended| effect_of(vote, ended)),
                file: ended.map(|ended| file_path(vote, ended)),
            })
        }
        Told::Declared { member, matter } => Some(Line::Declared {
            member: view.member_name(member),
            matter: matter.clone(),
        }),
    };
    let lines = told.told.iter().filter_map(line);
    lines.chain(recovered_after(core, told.height)).collect()
}

/// The recoveries after which the register went on from a height.
fn recovered_after(core: &Core, height: u64) -> impl Iterator<Item = Line> {
    let recoveries = core.annals().recoveries().iter();
    let here = recoveries.filter(move |one| one.height() == height);
    here.map(|one| {
        let (recovered, view) = (one.recovered(), core.view());
        let gone = recovered.recovery.gone.iter();
        Line::Recovered {
            gone: gone.map(|id| view.member_name(id)).collect(),
            epoch: recovered.recovery.epoch,
            since: recovered.since().unwrap_or(recovered.recovery.time),
        }
    })
}

/// Who signed the last heights: of each validator how many, and the last one.
async fn signed_lately(site: &Site, last: u64) -> Result<Vec<(u64, Vec<MemberId>)>, WebError> {
    let from = last.saturating_sub(PAGE as u64 - 1).max(2);
    let mut signed = Vec::new();
    for height in from..=last {
        // A height that is being written is not in the store yet.
        match heights::signed(site, height).await {
            Ok(signers) => signed.push((height, signers.to_vec())),
            Err(WebError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(signed)
}

fn begun(core: &Core, signed: &[(u64, Vec<MemberId>)], page: usize) -> Option<Begun> {
    let chain = core.register_chain()?;
    let annals = core.annals();
    let validators = chain.validators().iter().map(|(_, validator)| {
        let of = |(_, signers): &&(u64, Vec<MemberId>)| signers.contains(&validator.member);
        let own = signed.iter().filter(of);
        Validator {
            member: validator.member,
            name: core.view().member_name(&validator.member),
            signed: (
                own.clone().count() as u64,
                signed.len() as u64,
                own.map(|(height, _)| *height).next_back(),
            ),
            sealed: annals.last_sealed(&validator.member),
        }
    });
    let before = (page - 1).saturating_mul(PAGE);
    let told = annals.heights().values().rev().skip(before).take(PAGE);
    let rows = told.map(|told| Row {
        height: told.height,
        at: told.time,
        lines: lines(core, told),
    });
    let round = core.registrar().and_then(Registrar::round);
    Some(Begun {
        height: chain.height(),
        last: chain.last().to_string(),
        epoch: chain.epoch(),
        open: chain.phases().len() as u64,
        round: round.map(u64::from),
        faulty: chain.validators().sizes().faulty() as u64,
        validators: validators.collect(),
        rows: rows.collect(),
        page,
        more: annals.heights().len() > before.saturating_add(PAGE),
    })
}

fn caught_line(core: &Core, shown: &Shown) -> CaughtLine {
    let vote = shown.phase.and_then(|phase| core.annals().vote_of(&phase));
    CaughtLine {
        name: core.view().member_name(&shown.member),
        word: shown.word,
        at: shown.seen,
        hash: shown.hash.to_string(),
        proposal: vote.map(|vote| Name::new(vote.proposal.to_string(), vote.title.clone())),
    }
}

/// The register as its page shows it.
async fn view(site: &Site, page: usize) -> Result<pages::Register, WebError> {
    let last = site
        .node
        .read(|core| core.register_chain().map(register::chain::Chain::height));
    let signed = match last {
        Some(last) => signed_lately(site, last).await?,
        None => Vec::new(),
    };
    Ok(site.node.read(|core| {
        let federation = core.federation();
        let beginnings = core.beginnings().map(|one| Pending {
            hash: one.begin.hash(&federation).to_string(),
            signed: founders(core, one),
        });
        pages::Register {
            begun: begun(core, &signed, page),
            beginnings: beginnings.collect(),
            needed: core.genesis().admissions_needed() as u64,
            trouble: core.register_trouble().map(str::to_owned),
            unknown_rules: unknown_rules(core),
            caught: core
                .evidence()
                .iter()
                .map(|shown| caught_line(core, shown))
                .collect(),
        }
    }))
}

/// Rules to come that this release does not know; what has come is the trouble itself.
fn unknown_rules(core: &Core) -> Option<(u64, u64)> {
    let chain = core.register_chain()?;
    let rules = chain.rules_unknown()?;
    let is_to_come = chain.rules_missing().is_none();
    is_to_come.then_some((rules.version, rules.from_height))
}

fn founders(core: &Core, one: &register::begin::Beginning) -> Vec<String> {
    let signed = one.signatures.iter();
    signed
        .map(|one| core.view().member_name(&MemberId(one.root.0)))
        .collect()
}

/// `GET /register`: anyone may read it.
pub(crate) async fn page(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Query(paged): Query<Paged>,
) -> Result<Response, WebError> {
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    let view = view(&site, paged.page.max(1)).await?;
    Ok(pages::page(&frame, &view).into_response())
}

/// `GET /register/{height}`: for ever the same, but for the names of members.
pub(crate) async fn height(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(height): Path<String>,
) -> Result<Response, WebError> {
    let number: u64 = height.parse().map_err(|_| missing("height"))?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    if number == 1 {
        let view = site.node.read(|core| {
            let beginning = core.beginning()?;
            Some(pages::Beginning {
                has_next: !core.annals().heights().is_empty(),
                at: beginning.begin.time,
                members: beginning.begin.members.len() as u64,
                signed: founders(core, beginning),
                lines: recovered_after(core, 1).collect(),
                hash: beginning.begin.hash(&core.federation()).to_string(),
            })
        });
        let view = view.ok_or_else(|| missing("height"))?;
        return Ok(pages::beginning(&frame, &view).into_response());
    }
    let view = height_view(&site, number).await?;
    Ok(pages::height(&frame, &view).into_response())
}

async fn height_view(site: &Site, number: u64) -> Result<Height, WebError> {
    if !site
        .node
        .read(|core| core.annals().heights().contains_key(&number))
    {
        return Err(missing("height"));
    }
    let heights::Stored { batch, certificate } = heights::read(site, number).await?;
    let header = batch.header;
    let view = site.node.read(|core| {
        let annals = core.annals();
        let told = annals.heights().get(&number)?;
        let set = core.validators_of(&header.validators);
        let signers = heights::signers(&certificate, set.as_ref());
        let name = |member: &MemberId| core.view().member_name(member);
        let all = set.iter().flat_map(|set| set.iter());
        let all = all.map(|(_, validator)| validator.member);
        let others = all.filter(|member| !signers.contains(member));
        Some(Height {
            height: number,
            has_next: annals.heights().contains_key(&(number + 1)),
            at: told.time,
            lines: lines(core, told),
            hash: told.hash.to_string(),
            previous: header.previous.to_string(),
            items: header.items.to_string(),
            validators: header.validators.to_string(),
            next_validators: header.next_validators.to_string(),
            state: header.state.to_string(),
            signed: signers.iter().map(name).collect(),
            others: others.map(|member| name(&member)).collect(),
        })
    });
    view.ok_or_else(|| missing("height"))
}

/// A file to be kept, under a name.
pub(crate) fn download(name: &str, body: String) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    // What is final does not change.
    let caching = HeaderValue::from_static("public, max-age=86400, immutable");
    headers.insert(header::CACHE_CONTROL, caching);
    if let Ok(as_file) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, as_file);
    }
    response
}

/// `GET /register/{height}/{opening}.json`: the file that proves how a vote ended at that height.
pub(crate) async fn file(
    State(site): State<Site>,
    Path((height, name)): Path<(u64, String)>,
) -> Result<Response, WebError> {
    let none = || missing("final decision");
    let opening: EntryId = name
        .strip_suffix(".json")
        .and_then(|id| id.parse().ok())
        .ok_or_else(none)?;
    let ended = site.node.read(|core| {
        let vote = core.annals().vote(&opening)?;
        vote.ended.as_ref().map(|ended| ended.height)
    });
    if ended != Some(height) {
        return Err(none());
    }
    let file = heights::decision_file(&site, opening).await?;
    let name = format!("decision-{height}-{}.json", opening.short());
    Ok(download(&name, file.to_string()))
}

/// The opening of the vote on a proposal that is decided for good.
pub(crate) fn final_opening(site: &Site, id: &ProposalId) -> Option<(u64, EntryId)> {
    site.node.read(|core| {
        let decision = core.decision(id, site.now())?;
        match core.finality(&decision) {
            federation::finality::Finality::Final(vote, ended) => {
                Some((ended.height, vote.opening))
            }
            _ => None,
        }
    })
}

/// `GET /register/evidence/{hash}.json`: who signed what twice, with nothing else needed to see it.
pub(crate) async fn evidence(
    State(site): State<Site>,
    Path(name): Path<String>,
) -> Result<Response, WebError> {
    let none = || missing("evidence");
    let hash: Hash = name
        .strip_suffix(".json")
        .and_then(|hash| hash.parse().ok())
        .ok_or_else(none)?;
    let found = site.node.read(|core| core.evidence_of(&hash));
    let found = found.ok_or_else(none)?;
    let ids = found.needed();
    let entries = site.node.library.entries(&ids).await;
    let entries: Option<Vec<Entry>> = entries.map_err(WebError::Library)?.into_iter().collect();
    let federation = site.node.read(Core::federation);
    let file = entries.and_then(|entries| found.file(&federation, entries));
    let name = format!("evidence-{}.json", hash.short());
    Ok(download(&name, file.ok_or_else(none)?.to_json()))
}
