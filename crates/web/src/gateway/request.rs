//! A call as it comes in: whose it is, and what it says.

use std::sync::Arc;

use axum::{
    extract::Request,
    http::{Method as HttpMethod, header},
};
use bigbluebutton::{
    Algorithm, Body, Call, Failure, Method, Parameters, Secret,
    call::Proof,
    checksum::{self, PARAMETER},
};
use domain::{id::TenantId, record::Room};
use federation::meetings::{
    Asked,
    call::{self, Terms},
};

use hyper::body::Body as _;

use super::{BODY_BYTES_MAX, body::FORM_BYTES_MAX};
use crate::{meetings::tenants::TenantAccess, rooms::tenancy::is_of_rooms, site::Site};

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

/// Checks a call as a server does: method and kind of the body, then the checksum, and that alone, before
/// anything that it says is looked at. Nothing is read of a body before the checksum in a query fits.
///
/// Fields of an upload in parts are no parameters here and would be some to a server: such a body is passed
/// on with the one call that uploads a file.
pub(super) async fn check(site: &Site, call: Call, request: Request) -> Result<Checked, Failure> {
    let (head, body) = request.into_parts();
    let method = match head.method {
        HttpMethod::GET | HttpMethod::HEAD => Method::Get,
        HttpMethod::POST => Method::Post,
        _ => return Err(Failure::unsupported_request()),
    };
    if call.proof() != Proof::Checksum {
        return Err(Failure::unsupported_request());
    }
    let content_type = head.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let kind = call.accepts(method, content_type, !body.is_end_stream())?;
    let query = head.uri.query().unwrap_or_default();
    if kind == Body::Form && query.is_empty() {
        let form = site.forms.read(body).await?;
        let tenant = tenant(site, |secrets| {
            checksum::verify_form(call.name(), &form.bytes, secrets, &Algorithm::ALL)
        })?;
        let parameters = Parameters::from_form(&form.bytes).map_err(|error| error.failure())?;
        return Ok(Checked::of(call, tenant, parameters, None));
    }
    let tenant = tenant(site, |secrets| {
        checksum::verify(call.name(), query, secrets, &Algorithm::ALL)
    })?;
    let mut parameters = Parameters::from_query(query).map_err(|error| error.failure())?;
    let mut document = None;
    match kind {
        Body::Form => {
            let form = site.signed.read(tenant.id, body, FORM_BYTES_MAX).await?;
            let form = Parameters::from_form(&form).map_err(|error| error.failure())?;
            parameters.merge(form);
        }
        Body::Multipart if call != Call::PutRecordingTextTrack => {}
        Body::Xml | Body::Multipart => {
            document = Some(call::Body {
                media_type: content_type.unwrap_or_default().to_owned(),
                bytes: site.signed.read(tenant.id, body, BODY_BYTES_MAX).await?,
            });
        }
        Body::None => {}
    }
    Ok(Checked::of(call, tenant, parameters, document))
}

/// The tenant whose secret fits.
fn tenant(
    site: &Site,
    fitting: impl FnOnce(&[Secret]) -> Result<usize, bigbluebutton::Error>,
) -> Result<Arc<TenantAccess>, Failure> {
    let tenants = site.tenants.snapshot();
    let place = fitting(tenants.secrets()).map_err(|error| error.failure())?;
    let tenant = tenants.bearer(place, site.now());
    // Rooms are this node's own: whoever may use them comes through its pages.
    let outer = tenant.filter(|tenant| !site.node.read(|core| is_of_rooms(core, tenant.id)));
    outer.map(Arc::clone).ok_or_else(Failure::checksum)
}

impl Checked {
    fn of(
        call: Call,
        tenant: Arc<TenantAccess>,
        mut parameters: Parameters,
        document: Option<call::Body>,
    ) -> Self {
        parameters.take(PARAMETER);
        parameters.leave_out_what_xml_cannot_carry();
        Self {
            call,
            tenant,
            parameters,
            document,
        }
    }

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
