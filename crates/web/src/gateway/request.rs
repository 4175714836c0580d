//! A call as it comes in: whose it is, and what it says.

use std::sync::Arc;

use axum::{
    body::Bytes,
    http::{HeaderMap, Method as HttpMethod, Uri, header},
};
use bigbluebutton::{
    Algorithm, Body, Call, Failure, Method, Parameters,
    call::Proof,
    checksum::{self, PARAMETER},
};
use domain::{id::TenantId, record::Room};
use federation::meetings::{
    Asked,
    call::{self, Terms},
};

use crate::{meetings::tenants::TenantAccess, site::Site};

/// The parameter in which the id of a meeting travels.
pub(super) const MEETING_ID: &str = "meetingID";

/// A call whose checksum fits.
pub(super) struct Checked {
    pub call: Call,
    pub tenant: Arc<TenantAccess>,
    /// The parameters, without the checksum.
    pub parameters: Parameters,
    /// What came with it that is no parameter.
    pub document: Option<call::Body>,
}

/// Checks a call as a server does: method and body, then the checksum, and that alone, before anything
/// that it says is looked at.
pub(super) fn check(
    site: &Site,
    call: Call,
    method: &HttpMethod,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Checked, Failure> {
    let method = match *method {
        HttpMethod::GET | HttpMethod::HEAD => Method::Get,
        HttpMethod::POST => Method::Post,
        _ => return Err(Failure::unsupported_request()),
    };
    if call.proof() != Proof::Checksum {
        return Err(Failure::unsupported_request());
    }
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let kind = call.accepts(method, content_type, !body.is_empty())?;
    let query = uri.query().unwrap_or_default();
    let tenants = site.tenants.snapshot();
    let (secrets, allowed) = (tenants.secrets(), &Algorithm::ALL);
    let place = match kind {
        Body::Form if query.is_empty() => {
            checksum::verify_form(call.name(), &body, secrets, allowed)
        }
        _ => checksum::verify(call.name(), query, secrets, allowed),
    };
    let place = place.map_err(|error| error.failure())?;
    let tenant = tenants.bearer(place, site.now());
    let tenant = Arc::clone(tenant.ok_or_else(Failure::checksum)?);
    let mut parameters = Parameters::from_query(query).map_err(|error| error.failure())?;
    if kind == Body::Form {
        let form = Parameters::from_form(&body).map_err(|error| error.failure())?;
        parameters.merge(form);
    }
    parameters.take(PARAMETER);
    parameters.leave_out_what_xml_cannot_carry();
    let document = match kind {
        Body::Xml | Body::Multipart => Some(call::Body {
            media_type: content_type.unwrap_or_default().to_owned(),
            bytes: body.to_vec(),
        }),
        Body::None | Body::Form => None,
    };
    Ok(Checked {
        call,
        tenant,
        parameters,
        document,
    })
}

impl Checked {
    /// What the core is asked about one room; the server is given the room's own id.
    pub fn of_room(self, method: call::Method, meeting_id: &str, terms: Option<Terms>) -> Asked {
        let tenant = self.tenant.id;
        let mut parameters = self.parameters;
        parameters.take(MEETING_ID);
        Asked {
            tenant,
            room: Some(room(tenant, meeting_id)),
            terms: terms.map(Box::new),
            call: call::Call {
                method,
                query: parameters.encode(),
                body: self.document,
            },
        }
    }

    /// What the core is asked about all that the tenant has.
    pub fn of_all(self, method: call::Method) -> Asked {
        Asked {
            tenant: self.tenant.id,
            room: None,
            terms: None,
            call: call::Call {
                method,
                query: self.parameters.encode(),
                body: self.document,
            },
        }
    }
}

/// The room that a tenant's front end calls `meeting_id`.
pub(super) fn room(tenant: TenantId, meeting_id: &str) -> Room {
    Room::of(tenant, meeting_id)
}
