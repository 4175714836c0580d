//! Forms: done once, then on to a page; or, if something is wrong with one, shown again with what was
//! typed and with what is wrong.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use federation::Refused;

use super::go;
use crate::{
    auth::Form, error::WebError, fields::Fields, pages::form::Filled, seal::SealError, site::Site,
};

/// Does a form's work once and goes on to the path it gives; of a form that is wrong, the page again.
///
/// `page` renders the page that has the form, filled:
/// `submit(&site, &form, work, async |filled| show(&site, &form.actor, &form.place, &filled).await)`.
///
/// # Errors
/// What is no fault of the form, and those of the page.
pub(crate) async fn submit(
    site: &Site,
    form: &Form,
    work: impl Future<Output = Result<String, WebError>>,
    page: impl AsyncFnOnce(Filled) -> Result<Response, WebError>,
) -> Result<Response, WebError> {
    match site.once.run(form.id, work).await {
        Ok(path) => Ok(go(&path)),
        Err(error) => again(&form.fields, error, page).await,
    }
}

/// The same for work that makes a secret, which `page` shows. Of a form sent twice only the first
/// answer has it; the second goes on to `path`.
///
/// # Errors
/// What is no fault of the form, and those of the page.
pub(crate) async fn reveal<S>(
    site: &Site,
    form: &Form,
    path: &str,
    work: impl Future<Output = Result<S, WebError>>,
    page: impl AsyncFnOnce(Option<S>, Filled) -> Result<Response, WebError>,
) -> Result<Response, WebError> {
    let mut made = None;
    let once = async {
        made = Some(work.await?);
        Ok(path.to_owned())
    };
    match (site.once.run(form.id, once).await, made) {
        (Ok(_), Some(secret)) => page(Some(secret), Filled::default()).await,
        (Ok(path), None) => Ok(go(&path)),
        (Err(error), _) => {
            again(&form.fields, error, async |filled| page(None, filled).await).await
        }
    }
}

/// The page with a form that was not done: what was typed, what is wrong with it, and the status that
/// says so.
///
/// # Errors
/// The error itself, if it is none of the form, and those of the page.
pub(crate) async fn again(
    fields: &Fields,
    error: WebError,
    page: impl AsyncFnOnce(Filled) -> Result<Response, WebError>,
) -> Result<Response, WebError> {
    let (status, filled) = refill(fields, error)?;
    Ok((status, page(filled).await?).into_response())
}

/// The form to show again with what was typed and what is wrong with it, and the status that says
/// so; or the error, if it is none of the form.
fn refill(fields: &Fields, error: WebError) -> Result<(StatusCode, Filled), WebError> {
    let status = error.status();
    let filled = Filled::from_pairs(fields.pairs());
    let filled = match &error {
        WebError::Form(faults) => faults.iter().fold(filled, |filled, fault| {
            filled.with_error(fault.field, fault.message.clone())
        }),
        WebError::Refused(refused) if !status.is_server_error() => {
            filled.with_error(field_of(refused), error.to_string())
        }
        WebError::MeetingsRun { .. } => filled.with_error("force", error.to_string()),
        // What was typed must not be lost because the node is busy.
        WebError::Conflict { .. }
        | WebError::SignIn
        | WebError::NotReady { .. }
        | WebError::Seal(SealError::Busy) => filled.with_error("", error.to_string()),
        _ => return Err(error),
    };
    Ok((status, filled))
}

/// The field of a form that a refusal is about.
fn field_of(refused: &Refused) -> &'static str {
    match refused {
        Refused::ReasonTooShort { .. } => "reason",
        Refused::Aim(_) => "aim",
        Refused::Choice(_) => "choice",
        Refused::Rule(_) => "rule",
        Refused::ServerName(_) => "name",
        Refused::NotServed { .. } => "member",
        Refused::Text { field, .. } => match *field {
            "times" => "effect_times",
            "office" => "effect_title",
            "commission" => "effect_name",
            "powers" => "effect_powers",
            "people" => "effect_people",
            "server" => "effect_server",
            "policy" => "effect_policy",
            field => field,
        },
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_read_again_is_said_at_its_field_of_the_form() {
        for (field, at) in [
            ("times", "effect_times"),
            ("office", "effect_title"),
            ("title", "title"),
        ] {
            let problem = "1 is outside what is allowed (2 to 10)".to_owned();
            assert_eq!(field_of(&Refused::Text { field, problem }), at);
        }
    }
}
