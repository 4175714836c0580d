//! Feeds: the public ones, and each person's own under a secret address.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::id::{Hash, PersonId, ProposalId};

use super::{go, views, work};
use crate::{
    auth::{Actor, Form},
    catalogue::Language,
    error::WebError,
    feeds::{self, Own, Reader},
    links::Purpose,
    origin,
    site::Site,
};

/// What a feed is written as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Calendar,
    News,
}

impl Format {
    /// The format of a file name.
    fn of(name: &str) -> Result<Self, WebError> {
        match name {
            "calendar.ics" => Ok(Self::Calendar),
            "feed.atom" => Ok(Self::News),
            _ => Err(WebError::NotFound { what: "feed" }),
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Calendar => "text/calendar; charset=utf-8",
            Self::News => "application/atom+xml; charset=utf-8",
        }
    }

    fn write(self, site: &Site, reader: Reader<'_>) -> String {
        let now = site.now();
        let hosted = reader.own.and_then(|own| own.hosted);
        // What is read is written out after the node's loop has its core back.
        match self {
            Self::Calendar => site
                .node
                .read_as(hosted, |core| feeds::calendar(core, now, reader))
                .write(),
            Self::News => site
                .node
                .read_as(hosted, |core| feeds::feed(core, now, reader))
                .write(),
        }
    }
}

/// Where the site is for whoever asks, without a slash at the end.
pub(crate) fn site_url(site: &Site, headers: &HeaderMap) -> Result<String, WebError> {
    let public = site.settings.public_url.as_ref();
    match public {
        Some(public) => Ok(public.to_string()),
        None => Ok(format!("http://{}", origin::check_host(headers, None)?)),
    }
}

fn answer(format: Format, body: String, headers: &HeaderMap, caching: &'static str) -> Response {
    let tag = format!("\"{}\"", Hash::of(&[body.as_bytes()]).short());
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body.into_response()
    };
    let headers = response.headers_mut();
    if !known {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.media_type()),
        );
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// A public feed of news.
pub(crate) fn news(body: String, headers: &HeaderMap) -> Response {
    answer(Format::News, body, headers, "public, max-age=300")
}

fn public(site: &Site, headers: &HeaderMap, name: &str) -> Result<Response, WebError> {
    let format = Format::of(name)?;
    let root = site_url(site, headers)?;
    let reader = Reader {
        say: Language::default(),
        site: &root,
        address: &format!("{root}/archive/{name}"),
        own: None,
        actions: &[],
    };
    let body = format.write(site, reader);
    Ok(answer(format, body, headers, "public, max-age=300"))
}

/// One decision as a calendar: for a signed-in person with what it needs of the person.
pub(crate) fn of_decision(
    site: &Site,
    headers: &HeaderMap,
    id: ProposalId,
    actor: Option<&Actor>,
) -> Result<Response, WebError> {
    let root = site_url(site, headers)?;
    let hosted = actor.and_then(Actor::hosted);
    let now = site.now();
    let written = site.node.read_as(hosted, |core| {
        let own = actor.map(|actor| Own {
            person: actor.person(),
            hosted,
            is_delegate: views::Rights::of(core, &actor.person()).delegate,
        });
        let reader = Reader {
            say: Language::default(),
            site: &root,
            address: "",
            own,
            actions: &[],
        };
        let decision = core.settled(&id, now)?;
        Some(feeds::calendar_of(core, now, reader, &decision))
    });
    let written = written.ok_or(WebError::NotFound { what: "decision" })?;
    let caching = match actor {
        Some(_) => "private, no-cache",
        None => "public, max-age=300",
    };
    Ok(answer(Format::Calendar, written.write(), headers, caching))
}

/// `GET /archive/calendar.ics`
pub(crate) async fn public_calendar(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    public(&site, &headers, "calendar.ics")
}

/// `GET /archive/feed.atom`
pub(crate) async fn public_news(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    public(&site, &headers, "feed.atom")
}

/// The person of a secret address, as long as there is an account.
pub(crate) async fn person_of(
    site: &Site,
    purpose: Purpose,
    secret: &str,
) -> Result<PersonId, WebError> {
    let missing = || WebError::NotFound { what: "address" };
    let person = site.links.find(purpose, secret).await?;
    let person = person.ok_or_else(missing)?;
    site.accounts.of(person).await?.ok_or_else(missing)?;
    Ok(person)
}

/// `GET /feeds/{secret}/{name}`: a person's own feed.
pub(crate) async fn own(
    State(site): State<Site>,
    Path((secret, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let format = Format::of(&name)?;
    let person = person_of(&site, Purpose::Feed, &secret).await?;
    let root = site_url(&site, &headers)?;
    let account = site.accounts.of(person).await?;
    let hosted = account.and_then(|account| account.member);
    let is_delegate = site
        .node
        .read_as(hosted, |core| views::Rights::of(core, &person).delegate);
    let actions = match format {
        Format::Calendar => work::own_actions(&site, hosted, person).await?,
        Format::News => Vec::new(),
    };
    let reader = Reader {
        say: Language::default(),
        site: &root,
        address: &format!("{root}/feeds/{secret}/{name}"),
        own: Some(Own {
            person,
            hosted,
            is_delegate,
        }),
        actions: &actions,
    };
    let body = format.write(&site, reader);
    Ok(answer(format, body, &headers, "private, no-cache"))
}

/// `POST /account/feeds`: new addresses in place of the old ones.
pub(crate) async fn renew(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let person = form.actor.person();
    let work = async {
        site.links.renew(site.now(), person, Purpose::Feed).await?;
        Ok("/account?done=feed-renewed#subscribe".to_owned())
    };
    Ok(go(&site.once.run(form.id, work).await?))
}
