//! The JSON API: everything the pages show and do, for programs. Errors are
//! `{"error": {code, message, hint, fields, reference}}` with a fitting status.
//!
//! A program sends `Authorization: Bearer fmt_…` (a personal token of the account page). Ids are
//! hexadecimal, keys are `did:key`, times are milliseconds since 1970 in fields ending in `_ms`.
//!
//! | request | what it gives or does |
//! |---|---|
//! | `GET /health` (anyone) | 200 or 503: `ready`, `why` (also said when ready and little room is left on the disk), `peers`, `store`, `entries` |
//! | `GET /api/status` | this node, its peers, how many votes the member still has to cast (`needs_our_vote`), and who asks (`you`, with `needs_our_vote` for a delegate) |
//! | `GET /api/members` | the members, and those `former` ones that left or were expelled, with the `height` |
//! | `GET /api/persons`, `/api/circles`, `/api/keys`, `/api/applications` | lists |
//! | `GET /api/candidates` | who asks to be admitted by decision: `root`, `name`, `class`, `request`, `contribution`, `terms`, `host`, `through`, `at_ms`, and the `standing` with its `state`, `proposal`, `until_ms` and `why` |
//! | `GET /api/actions?circle=&state=open\|done\|dropped\|all&mine=true&id=` | action points, open ones unless it says otherwise, those whose ids begin with `id`; `more` if there are more than 200 |
//! | `GET /api/gatherings?circle=&from_ms=&to_ms=` | gatherings with the `times` at which they happen, of the next sixty days unless it says otherwise, of 400 days at most |
//! | `GET /api/decisions?show=needs\|open\|voting\|deliberation\|blocked\|review\|closed\|all` | a list; `review_ms` where a day of review is set |
//! | `GET /api/charter?power=yes` | the charter in force: rules, classes, all of it as TOML, and with `power` the Banzhaf power of each class under each rule, in millionths |
//! | `POST /api/charter/compare` `{"charter": TOML}` | what it would change: keys, power before and after, the `path` of the page that shows it |
//! | `GET /api/decisions/{id}` | one, with text, count and ballots; an id may be cut to 6 digits or more |
//! | `GET /api/decisions/{id}/file` | the [decision file](../../../specs/decision-files.md) of one that is final; 409 `not-final` otherwise |
//! | `GET /api/register?page=` | the register: its last `height`, validators, the `heights` with what each did, the newest first, 100 on a page; `trouble`, and `evidence` of contradictions |
//! | `GET /api/register/{height}` | one height, with its hashes and who `signed` it |
//! | `GET /api/documents?id=&page=`, `POST /api/documents` `{"title", "text"?}` | the documents, the last changed first, 200 on a page, those whose ids begin with `id`, and whether there are `more`; begins one and gives its `id` |
//! | `GET /api/documents/{id}?since=edit,edit` | one, with its `text` and its `basis`, the edits it was read from; with `since`, the `changes` of the text since then |
//! | `GET`, `PUT`, `DELETE /api/documents/{id}/attachments/{name}` | the bytes of what is attached; attaches the body, at most 4 MiB; takes it away |
//! | `POST /api/documents/{id}/text` `{"basis", "text", "person"?}` | saves what was made of the text of `basis`, merged with what others wrote: the `text` and `basis` from now on, `changes` from the text that was sent, `own` edits after which the text is just that. Sent again, it does nothing more |
//! | `POST /api/documents/{id}/presence` `{"here"}` | the caller has an editor open, or closed it: who else has |
//! | `GET /api/documents/{id}/history` | its changes, each with the `version` it led to, and those without effect |
//! | `GET /api/documents/{id}/versions/{edit,edit}` | the text as these edits leave it |
//! | `POST /api/documents/{id}/restart` | begins it anew with its text |
//! | `POST /api/documents/{id}/file` `{"sort", "circle"?, "proposal"?, "meeting"?, "closed"?}` | says where it belongs |
//! | `GET /api/servers` | every server of the federation; stewards see of their own whether its `secret` is `here`, and how it is reached |
//! | `POST /api/servers` `{"name", "url", "region", "secret", …}`, `POST /api/servers/{id}`, `DELETE /api/servers/{id}` | stewards: adds a server and gives its `id`, changes what is said (`service` is `open`, `cordoned`, `draining` or `tests-only`), removes it; while meetings run on it only with `?force=true` (409 `meetings-run`). `cores` and `mbit_s` stand for a usual machine; `cpu_units`, `net_out_kbit_s`, `users`, `rooms`, `room_users` for what was measured; also `features`, `share_percent`, `energy`, `cost` (`"30.00"`) and `currency`, `algorithm`, `allow_private`, `allow_http` |
//! | `POST /api/servers/{id}/check` | stewards: calls one of their own servers: its `version` and `server_version`, how many `meetings` it has, `round_trip_ms`, `clock_ahead_ms`; 409 `server-check` says what is wrong |
//! | `GET /api/tenants`, `GET /api/tenants/{id}` | the front ends of the caller's member, for stewards all of this node, with their `rules` and without secrets; `rooms` are those of the dashboard, which have no secret for anybody (409 `tenant-of-rooms`) |
//! | `POST /api/tenants` `{"name", "member"?, "region"?, "level"?, "secret"?}`, `DELETE /api/tenants/{id}` | stewards: adds one and gives its `id` and, once, its `secret`; ends it |
//! | `POST /api/tenants/{id}` `{"name"?, "region"?}` | stewards: another name, or where its people are |
//! | `POST /api/tenants/{id}/rotate` `{"secret"?, "now"?}` | stewards: a new `secret`, given once; the old one works until `old_until_ms` |
//! | `POST /api/tenants/{id}/limits` `{"clear"?, "level"?, "meetings_max"?, "participants_max"?, "participants_total_max"?, "duration_max_minutes"?, "recording"?, "defaults"?, "forced"?, "features"?}` | stewards: what it may have; parameters are `name=value` |
//! | `POST /api/tenants/{id}/configuration` `{"for", "with_secret"?}` | what to set in `greenlight`, `nextcloud`, `moodle` or `wordpress`; with the secret only for a steward |
//! | `GET /api/meetings` | `servers` as they are now (`utilisation_ppm` is of what they have least of: `fullest` is `people`, `processing`, `traffic` or `rooms`; `state` is `open`, `cordoned`, `draining`, `tests-only` or `not-answering`), the `meetings` that this node's member placed and the caller may see, each with `why` it is where it is, how many `others` run, and the `unplaced` ones that found no place |
//! | `POST /api/meetings/release` `{"tenant", "room"}` | stewards: gives up a meeting whose server's owner is away; 409 `owner-answers` otherwise |
//! | `GET /api/rooms`, `GET /api/rooms/{id}` | the rooms of the caller's member: since when a meeting runs (`since_ms`), how many are in it `now` and expected (`people`), when a gathering meets there next; of one also its `links`, the `server`, the `gathering` |
//! | `POST /api/rooms`, `POST /api/rooms/{id}` `{"title", "people", "region"?, "record"?, "entrance"?}` | makes a room, changes one; `entrance` is `anybody` or `asked`. 409 `too-many-rooms` |
//! | `DELETE /api/rooms/{id}` | deletes a room; 409 `room-runs`, and `recordings` where something was recorded or a server does not say |
//! | `POST /api/rooms/{id}/start`, `/end` | has a meeting run and gives the `url` by which the caller enters as a moderator; ends it. 409 `no-room`, `room-limit`, `people-limit`, `no-answer`, `not-running`, `room-closed` |
//! | `POST /api/rooms/{id}/links` `{"role"}`, `/close` `{"closed"}` | makes the link of a `moderator` or `guest` anew; closes the room or opens it again |
//! | `POST /api/rooms/{id}/gathering` `{"gathering"}` | a gathering of one of the caller's circles meets there: the link for guests becomes its place. 409 `room-taken` where another meets that is not over and the caller may not change the room |
//! | `GET /api/rooms/{id}/recordings` | what was recorded there, as far as servers answer, with its `state` and `formats` |
//! | `GET /api/usage?month=2026-11` | what was used in a month of UTC, this one unless it says otherwise: `participant_minutes`, `meetings` and `peak` by member, tenant and server, and who `measured_by` |
//! | `GET /api/entries/{id}` | a stored entry with its bytes (base64url) |
//! | `POST /api/acts` `{"act": word, …}` | does it and gives `{"id"}`; with `Idempotency-Key` only once |
//! | `POST /api/acts/prepare` `{"signer": key, "act": word, …}` | `entry`, `chunks`, `signed_bytes` (base64url) for a key elsewhere |
//! | `POST /api/acts/submit` `{"entry", "chunks", "signature"?}` | stores it; the signature (hex) may be in the entry |
//! | `GET`, `POST /api/tokens` `{"label"}`, `DELETE /api/tokens/{id}` | the caller's tokens |
//! | `GET`, `POST /api/invitations` `{"name", "roles"}` | stewards: who is invited; the `path` of a new link |
//! | `GET /api/hosted`, `POST /api/hosted/invitations` `{"name", "class"?}` | stewards of a host: whom it hosts, who asks; the `path` of a new link |
//! | `DELETE /api/hosted/{member}?with_keys=yes` | stewards of a host: removes what is here of who was never admitted, or is not hosted here any more; `with_keys` where the root key of a member goes too |
//! | `POST /api/hosted/export` | the keys of the caller's hosted member, as a text that the password opens at another host |
//! | `GET`, `POST /api/join/{secret}` (anyone with a link) | what to sign, with the `charter` to accept where all members decide; signs up with keys of one's own |
//! | `GET /api/hosted/next` | what a hosted newcomer's own device signs next, prepared; while it waits, the `standing` where all members decide, and the `charter` that it has to accept if it has to apply, or again |
//! | `POST /api/hosted/application` `{"applicant"}` | a hosted newcomer asks all members to be admitted: what its root key signed (base64url) |
//! | `DELETE /api/persons/{id}` `{"reason"}`? | stewards: removes a person of this member |
//!
//! The words of acts are `propose`, `amend`, `withdraw`, `open`, `vote`, `comment`, `profile`,
//! `circle`, `role`, `membership`, `action`, `gathering`, `review`, `person`, `host`, `hosting`, `grant`, `mandate`, `revoke`, `apply`, `admit`, `found`, `join`; their
//! fields are those of `ActBody`. A `grant` of a key that this member has not granted before for the
//! same purpose and person needs `proof`, by its holder (`folkmoot key prove`). What only the root key may sign (`admit`, `mandate`, grants and
//! revocations of stewards, `found`, `join`) is signed with it when a steward asks and its file is
//! on this node. The root key of a hosted member is in an account, and its keeper's password opens it:
//! requests that it has to sign (`POST /api/acts`, `POST /api/invitations`, `DELETE /api/persons/{id}`)
//! take a `password` beside their fields.
//!
//! Positions in texts of documents count Unicode scalar values. Changes are `{position, delete,
//! insert}`, each on the text that the ones before leave.

mod act;
mod candidates;
mod charter;
mod circle;
mod decision;
mod documents;
mod hosted;
mod keys;
mod meetings;
mod read;
mod register;
mod rooms;
mod servers;
mod tenants;

pub(crate) use act::{admit, circle_nonce, roles_of};
pub use candidates::candidates;
pub(crate) use decision::full;
pub use register::evidence;

use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderMap, header},
    routing::{delete, get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{auth::Actor, error::WebError, site::Site};

pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/health", get(read::health))
        .route("/api/status", get(read::status))
        .route("/api/members", get(read::members))
        .route("/api/persons", get(read::persons))
        .route("/api/persons/{id}", delete(keys::remove_person))
        .route(
            "/api/invitations",
            get(keys::invitations).post(keys::invite),
        )
        .route("/api/hosted", get(hosted::list))
        .route("/api/hosted/invitations", post(hosted::invite))
        .route("/api/hosted/next", get(hosted::next))
        .route("/api/hosted/application", post(hosted::apply))
        .route("/api/hosted/export", post(hosted::export))
        .route("/api/hosted/{member}", delete(hosted::remove))
        .route(
            "/api/join/{secret}",
            get(hosted::invitation).post(hosted::join),
        )
        .route("/api/circles", get(circle::circles))
        .route("/api/actions", get(circle::actions))
        .route("/api/gatherings", get(circle::gatherings))
        .route("/api/keys", get(read::keys))
        .route("/api/applications", get(read::applications))
        .route("/api/candidates", get(candidates::list))
        .route("/api/charter", get(charter::show))
        .route("/api/charter/compare", post(charter::compare))
        .route("/api/decisions", get(decision::list))
        .route("/api/decisions/{id}", get(decision::one))
        .route("/api/decisions/{id}/file", get(register::file))
        .route("/api/register", get(register::show))
        .route("/api/register/{height}", get(register::height))
        .merge(of_documents())
        .merge(of_meetings())
        .route("/api/entries/{id}", get(read::entry))
        .route("/api/acts", post(act::perform))
        .route(
            "/api/acts/prepare",
            post(act::prepare).layer(DefaultBodyLimit::disable()),
        )
        .route(
            "/api/acts/submit",
            post(act::submit).layer(DefaultBodyLimit::disable()),
        )
        .route("/api/tokens", get(keys::tokens).post(keys::make_token))
        .route("/api/tokens/{id}", delete(keys::delete_token))
}

fn of_meetings() -> Router<Site> {
    Router::new()
        .route("/api/servers", get(servers::list).post(servers::add))
        .route(
            "/api/servers/{id}",
            post(servers::change).delete(servers::remove),
        )
        .route("/api/servers/{id}/check", post(servers::check))
        .route("/api/meetings", get(meetings::list))
        .route("/api/meetings/release", post(meetings::release))
        .route("/api/usage", get(meetings::usage))
        .route("/api/rooms", get(rooms::list).post(rooms::make))
        .route(
            "/api/rooms/{id}",
            get(rooms::one).post(rooms::change).delete(rooms::remove),
        )
        .route("/api/rooms/{id}/start", post(rooms::start))
        .route("/api/rooms/{id}/end", post(rooms::end))
        .route("/api/rooms/{id}/links", post(rooms::renew))
        .route("/api/rooms/{id}/close", post(rooms::close))
        .route("/api/rooms/{id}/gathering", post(rooms::meet))
        .route("/api/rooms/{id}/recordings", get(rooms::recorded))
        .route("/api/tenants", get(tenants::list).post(tenants::add))
        .route(
            "/api/tenants/{id}",
            get(tenants::one)
                .post(tenants::describe)
                .delete(tenants::remove),
        )
        .route("/api/tenants/{id}/limits", post(tenants::limit))
        .route("/api/tenants/{id}/rotate", post(tenants::rotate))
        .route(
            "/api/tenants/{id}/configuration",
            post(tenants::configuration),
        )
}

fn of_documents() -> Router<Site> {
    Router::new()
        .route(
            "/api/documents",
            get(documents::list).post(documents::create),
        )
        .route("/api/documents/{id}", get(documents::one))
        .route("/api/documents/{id}/text", post(documents::save))
        .route("/api/documents/{id}/presence", post(documents::presence))
        .route("/api/documents/{id}/history", get(documents::changes))
        .route(
            "/api/documents/{id}/versions/{version}",
            get(documents::version),
        )
        .route("/api/documents/{id}/restart", post(documents::restart))
        .route("/api/documents/{id}/file", post(documents::file))
        .route(
            "/api/documents/{id}/attachments/{name}",
            get(documents::fetch)
                .put(documents::attach)
                .delete(documents::detach)
                .layer(DefaultBodyLimit::disable()),
        )
}

/// Reads the JSON body of what the root key may have to sign. The keeper of a hosted member's root key
/// sends the `password` that opens it along; it is taken out before the rest is read.
async fn parse_signed<T: DeserializeOwned>(
    site: &Site,
    actor: &mut Actor,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<T, WebError> {
    #[derive(Deserialize)]
    struct Signed {
        #[serde(default)]
        password: String,
        #[serde(flatten)]
        rest: Value,
    }
    let Signed { password, rest } = parse(headers, body)?;
    let password = Zeroizing::new(password);
    let parsed = serde_json::from_value(rest);
    let parsed = parsed.map_err(|error| WebError::Malformed(error.to_string()))?;
    actor.open_root(site, &password).await?;
    Ok(parsed)
}

/// Reads a JSON body.
fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, WebError> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    // Another type could be sent by another site's form.
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(WebError::Malformed(
            "its type must be application/json".to_owned(),
        ));
    }
    serde_json::from_slice(body).map_err(|error| WebError::Malformed(error.to_string()))
}
