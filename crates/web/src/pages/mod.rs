//! Pages: pure functions of plain view structs. No queries, no I/O, no clock: the moment and the
//! reader's zone are fields of [`frame::Frame`].
//!
//! # Pages and who renders them
//!
//! | address | function |
//! |---|---|
//! | `/` | [`home::page`] |
//! | `/decide?show=needs\|open\|closed\|all` | [`decide::page`] |
//! | `/decide/{id}` (`?change=1` shows the ballot again) | [`decision::page`] |
//! | `/decide/{id}/diff/{a}..{b}` | [`propose::compare`] |
//! | `/decide/new`, `/decide/{id}/amend` | [`propose::new`], [`propose::amend`] |
//! | `/documents`, `/documents/new` | [`documents::list`], [`documents::new`] |
//! | `/documents/{id}` (`?who=1` names who wrote what) | [`document::page`] |
//! | `/documents/{id}/edit` | [`editor::page`] |
//! | `/documents/{id}/history`, `…/versions/{version}`, `…/diff/{a}..{b}` | [`history::history`], [`history::version`], [`history::compare`] |
//! | `/federation`, `/members/{id}`, `/profile` | [`federation::members`], [`federation::member`], [`federation::edit_profile`] |
//! | `/federation/applications` | [`applications::page`] |
//! | `/circles`, `/circles/{id}`, `/circles/new`, `/circles/{id}/edit` | [`circle::list`], [`circle::page`], [`circle::edit`] |
//! | `/charter` | [`charter::page`] |
//! | `/meet`, `/meet/usage?month=` | [`meet::page`], [`usage::page`] |
//! | `/rooms`, `/rooms/{id}`, `/rooms/{id}/edit`, `/rooms/{id}/recordings` | [`rooms::list`], [`rooms::one::page`], [`rooms::edit`], [`rooms::recordings::page`] |
//! | `/rooms/{id}/{token}` (anyone with the link) | [`rooms::door::page`], [`rooms::door::going`], [`rooms::door::void`] |
//! | `/node`, `/node/people`, `/node/keys` | [`node::page`], [`people::page`], [`keys::page`] |
//! | `/meet/servers`, `/node/servers`, `/node/servers/{id}` | [`servers::all`], [`servers::own`], [`servers::edit`] |
//! | `/node/tenants`, `/node/tenants/{id}`, `/node/tenants/{id}/secret`, `/node/tenants/{id}/configuration` | [`tenants::list`], [`tenants::one`] |
//! | `/account`, `/sign-in`, `/welcome/{secret}` | [`account::page`], [`account::sign_in`], [`account::welcome`] |
//! | `/join/{secret}` (anyone with the link), `/account/application` | [`hosted::sign_up`], [`application::page`] |
//! | `/archive`, `/archive/{id}` (anyone) | [`decide::archive`], [`decision::archived`] |
//! | `/archive/final?q=&state=` (anyone) | [`archive::page`] |
//! | `/register`, `/register/{height}` (anyone) | [`register::page`], [`register::height`], [`register::beginning`] |
//! | `/unsubscribe/{secret}` (anyone) | [`subscriptions::ask`], [`subscriptions::ended`] |
//! | `/help/{word}` | [`help::page`] |
//! | any error | [`error::page`] |
//! | `/assets/…` | [`assets::ASSETS`] |
//!
//! # Forms
//!
//! Every form is `application/x-www-form-urlencoded`, sent by POST, and carries `csrf`. Fields with
//! `?` may be empty; a box that is not ticked is not sent, a ticked one is `yes`. A success answers
//! 303 with `?done=<word>` ([`frame::Done`]); an error renders the same page with a
//! [`form::Filled`] that holds what was typed and one sentence for each wrong field (the field's
//! name, or an empty name for the form as a whole).
//!
//! | POST | fields beside `csrf` | then |
//! |---|---|---|
//! | `/decide` | `title`, `text`, `rule`, `circle`?, `urgent`? (`yes`), `justification`?, `language`, `draft`? (a document; with `edits`, the text is read from it) | `/decide/{id}?done=proposed` |
//! | `/decide/{id}/vote` | `version` (hash of the text as read), `choice` (`agree`, `abstain`, `disagree`, `block`), `stand_aside`? (`yes`, only with abstain), `aim`? (its number, only with block), `reason`? | `?done=voted` |
//! | `/decide/{id}/amend` | `title`, `text`, `what_changed`, `draft`? and `edits`? as above | `?done=amended` |
//! | `/decide/{id}/open` | `fallback`? (`yes`: after a mediation) | `?done=opened` |
//! | `/decide/{id}/report` | `text`, `recommends_vote`? (`yes`) | `?done=reported#mediation` |
//! | `/decide/{id}/withdraw` | `reason` | `?done=withdrawn` |
//! | `/decide/{id}/comment` | `text`, `answers`? (entry of a comment or a ballot) | `?done=commented#discussion` |
//! | `/documents` | `title`, `sort`, `circle`?, `text`?, `proposal`? (whose next version it is to be) | `/documents/{id}/edit?done=begun` |
//! | `/documents/{id}/edit` | `basis` (the edits that were read, with commas between), `text` | `?done=text-saved` |
//! | `/documents/{id}/restart` | | `/documents/{id}?done=begun-anew` |
//! | `/documents/{id}/file` | `sort`, `circle`?, `closed`? (`yes`) | `/documents/{id}?done=filed` |
//! | `/profile` | `name`, `region`?, `description`?, `website`? | `/members/{id}?done=saved` |
//! | `/circles` | `name`, `domain`, `rhythm`? | `/circles/{id}?done=saved` |
//! | `/circles/{id}` | `name`, `domain`, `rhythm`?, `ended`? (`yes`) | `?done=saved` |
//! | `/circles/{id}/roles` | `person`, `title`? (empty ends the role), `until`? (`yyyy-mm-dd`, the end of that day in the reader's zone) | `?done=saved` |
//! | `/rooms`, `/rooms/{id}` | `title`, `people`, `region`?, `entrance` (`anybody`, `asked`), `record`? (`yes`) | `/rooms/{id}?done=room`, `?done=saved-here` |
//! | `/rooms/{id}/enter`, `/rooms/{id}/end` | | into the meeting or `?failed=` and what was in the way, `?done=ended` |
//! | `/rooms/{id}/links`, `/rooms/{id}/close` | `role` (`moderator`, `guest`); `closed`? (`yes`) | `?done=link-renewed`, `?done=closed`, `?done=reopened` |
//! | `/rooms/{id}/delete` | | `/rooms?done=room-deleted` |
//! | `/rooms/{id}/recordings` | `recording`, `change` (`publish`, `unpublish`, `delete`) | `?done=saved-here` |
//! | `/rooms/{id}/{token}` (without `csrf`) | `name` | into the meeting once it runs |
//! | `/gatherings/{id}/room` | `room`? (a new one without) | `/gatherings/{id}?done=gathering` |
//! | `/circles/{id}/join`, `/circles/{id}/leave` | | `?done=joined`, `?done=left` |
//! | `/circles/{id}/actions` | `what`, `who` (`member:person` or `member:`), `due`? (`yyyy-mm-dd`), `source`? (a proposal or document) | `?done=action` |
//! | `/actions/{id}` | `what`?, `who`, `due`?, `state` (`open`, `done`, `dropped`) | `?done=saved` |
//! | `/actions/{id}/done` | `back`? (a path of this node) | `back` |
//! | `/circles/{id}/gatherings`, `/gatherings/{id}` | `title`, `day`, `time` (`hh:mm`), `zone`, `minutes`, `repeats` (empty or such as `weeks-2`), `last_day`?, `place`?, `ended`? (`yes`) | `/gatherings/{id}?done=gathering` |
//! | `/gatherings/{id}/cancel` | `day` (counted from 1970-01-01); once more lets it happen | `?done=saved` |
//! | `/circles/{id}/documents` | `sort` (`agenda`, `minutes`, `text`), `gathering`? | `/documents/{id}/edit` |
//! | `/decide/{id}/review` | `day` (`yyyy-mm-dd`, empty takes it back) | `?done=review` |
//! | `/checklist/hide`, `/checklist/show` | | `/` |
//! | `/meet/release` | `tenant`, `room` | `/meet?done=released` |
//! | `/node/people/invite` | `name`, `roles` (repeated: `delegate`, `worker`, `steward`) | page with [`people::People::invitation`] |
//! | `/node/people/{person}/remove` | | `?done=removed` |
//! | `/node/servers`, `/node/servers/{id}` | `name`, `url`, `region`, `secret` (may be empty later), `cores`?, `mbit_s`?, `cpu_units`?, `net_out_kbit_s`?, `users`?, `rooms`?, `room_users`?, `features`?, `share_percent`, `energy`?, `cost`?, `currency`?, `algorithm`, `allow_private`? (`yes`), `allow_http`? (`yes`) | `/node/servers/{id}?done=saved` |
//! | `/node/servers/{id}/service` | `service` (`open`, `cordoned`, `draining`, `tests-only`) | `?done=saved` |
//! | `/node/servers/{id}/check` | | page with [`servers::Answered`] |
//! | `/node/servers/{id}/remove` | `force`? (`yes`, while meetings run on it) | `/node/servers?done=server-removed` |
//! | `/node/tenants` | `name`, `member`?, `region`?, `level`?, `secret`? | `/node/tenants/{id}/secret`, `?done=secret-kept` |
//! | `/node/tenants/{id}/limits` | `meetings_max`?, `participants_max`?, `participants_total_max`?, `duration_max_minutes`?, `recording`? (`yes`), `features`?, `defaults`?, `forced`? (`name=value`, one on a line) | `?done=saved-here` |
//! | `/node/tenants/{id}/level` | `level` | `?done=saved-here` |
//! | `/node/tenants/{id}/rotate` | `now`? (`yes`), `secret`? | `/node/tenants/{id}/secret`, `?done=secret-kept` |
//! | `/node/tenants/{id}/remove` | | `/node/tenants?done=front-end-removed` |
//! | `/federation/applications/{key}/admit` | (`key` is the root key as did:key) | `?done=admitted` |
//! | `/join/{secret}` | `member_name`, `class`, `request`?, `name`, `mail`?, `password`, `export`?, `old_password`?, where decisions admit `contribution`, `accept_charter` (the hash of the charter shown) | `/account` |
//! | `/account/application` | `request`, `contribution`, `accept_charter` | `?done=applied` |
//! | `/account/password` | `current`, `new` | `?done=password-changed` |
//! | `/account/settings` | `zone`, `theme` (`system`, `light`, `dark`) | `?done=saved-here` |
//! | `/account/reminders` | `mail`?, `reminders`? (`yes`), `digest`? (`yes`), `digest_hour` (0 to 23) | `?done=reminders-set` |
//! | `/account/feeds` | | `?done=feed-renewed` |
//! | `/account/tokens` | `label` | page with [`account::Account::new_token`] |
//! | `/account/tokens/{id}/revoke` | | `?done=token-revoked` |
//! | `/account/sign-out` | | `/sign-in` |
//! | `/account/sign-out-everywhere` | | `/sign-in?done=signed-out` |
//! | `/sign-in` | `name`, `password`, `next` (a path of this node; check that it starts with one `/`) | `next` |
//! | `/welcome/{secret}` | `name`, `mail`?, `password` | `/` |
//! | `/unsubscribe/{secret}` | (no `csrf`: the address is the authority) | |
//!
//! # Live updates
//!
//! `live.js` listens to `/events?page=<path and query, escaped>` for events named `change` (their
//! data is ignored) and then fetches the page again with the header `X-Fragment: 1`. The answer may
//! be the whole page, and parts marked `data-live` are replaced. Anything but 200 without a redirect
//! shows “Not live since …”. Of a person that has opened many pages the oldest hears `elsewhere` and
//! listens no more until somebody looks at it.
//!
//! `editor.js` listens to the same stream for `document/{id}` and asks the JSON API for the changes
//! of the text. What it could not save it keeps in the browser's storage, and says so.

pub mod account;
pub mod action;
pub mod applicants;
pub mod application;
pub mod applications;
pub mod archive;
pub mod assets;
pub mod attachments;
pub mod calendar;
pub mod charter;
pub mod charters;
pub mod circle;
pub mod decide;
pub mod decision;
mod difference;
pub mod document;
pub mod documents;
pub mod draft;
pub mod editor;
pub mod effect;
pub mod error;
pub mod federation;
pub mod form;
pub mod frame;
pub mod gathering;
pub mod help;
pub mod history;
pub mod home;
pub mod hosted;
pub mod keys;
mod leaving;
pub mod meet;
pub mod node;
pub mod onboarding;
pub mod order;
pub mod parts;
pub mod people;
pub mod propose;
mod reader;
pub mod register;
pub mod rooms;
pub mod servers;
pub mod subscriptions;
pub mod tenants;
pub mod time;
pub mod usage;
pub mod work;
