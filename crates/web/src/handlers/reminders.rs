//! What a person is written to about, and ending it from within a mail.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};

use super::{account, feeds::person_of, go, submit::again, views};
use crate::{
    auth::{Form, Visitor},
    error::{FieldFault, WebError},
    links::Purpose,
    pages::{
        account::Forms,
        subscriptions::{self, Ending},
    },
    site::Site,
};

/// `POST /account/reminders`: `mail`?, `reminders`?, `digest`?, `digest_hour`
pub(crate) async fn save(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let fields = &form.fields;
        let message = "Choose an hour of the list.";
        let hour: u8 = fields.parsed("digest_hour", message)?;
        if hour > 23 {
            return Err(WebError::Form(vec![FieldFault::new(
                "digest_hour",
                message,
            )]));
        }
        let change = |account: &mut crate::accounts::Account| {
            account.mail = fields.get("mail").to_owned();
            account.reminders = fields.is_ticked("reminders");
            account.digest = fields.is_ticked("digest");
            account.digest_hour = hour;
        };
        site.accounts.change(form.actor.person(), change).await
    };
    match work.await {
        Ok(_) => Ok(go("/account?done=reminders-set#reminders")),
        Err(error) => {
            let page = async |mails| {
                let forms = Forms {
                    mails,
                    ..Forms::default()
                };
                account::refilled(&site, &form, forms).await
            };
            again(&form.fields, error, page).await
        }
    }
}

/// What kind of mail a secret address ends.
fn purpose(secret: &str) -> Result<(Purpose, Ending), WebError> {
    let kinds = [
        (Purpose::Reminders, Ending::Reminders),
        (Purpose::Digest, Ending::Digest),
    ];
    let mut kinds = kinds.into_iter();
    kinds
        .find(|(purpose, _)| secret.starts_with(purpose.prefix()))
        .ok_or(WebError::NotFound { what: "address" })
}

/// `GET /unsubscribe/{secret}`: only asks, because programs open every address in a mail.
pub(crate) async fn ask(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    let (purpose, ending) = purpose(&secret)?;
    person_of(&site, purpose, &secret).await?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    Ok(subscriptions::ask(&frame, ending, &secret).into_response())
}

/// `POST /unsubscribe/{secret}`: a click, or a mail program that makes one (RFC 8058). The address
/// is all it takes, from whomever it comes.
pub(crate) async fn end(
    State(site): State<Site>,
    Visitor { actor, place }: Visitor,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    let (purpose, ending) = purpose(&secret)?;
    let person = person_of(&site, purpose, &secret).await?;
    let stop = |account: &mut crate::accounts::Account| match ending {
        Ending::Reminders => account.reminders = false,
        Ending::Digest => account.digest = false,
    };
    site.accounts.change(person, stop).await?;
    let frame = views::frame(&site, actor.as_ref(), &place)?;
    Ok(subscriptions::ended(&frame).into_response())
}
