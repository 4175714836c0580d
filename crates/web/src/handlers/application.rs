//! One's own application, of who signed up through this node and is no member yet.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use federation::{Core, Standing};

use super::{applicants::journey, go, hosted::signatures, sign_up::words, submit::submit, views};
use crate::{
    auth::{Actor, Form, Place, Signed},
    error::WebError,
    hosted::{self, Newcomer},
    pages::{
        application::{self as pages, Application, Said, Stage, Terms},
        form::Filled,
    },
    site::Site,
};

/// The charter that has to be accepted; none while founders admit.
pub(super) fn terms(core: &Core) -> Option<Terms> {
    hosted::terms(core).map(|terms| Terms {
        title: terms.title,
        hash: terms.hash.to_string(),
        text: terms.text,
    })
}

fn shown(core: &Core, newcomer: &Newcomer, standing: Option<&Standing>) -> Application {
    let may_apply = standing.is_some_and(hosted::may_apply);
    Application {
        stage: match standing {
            None => {
                let (signed, needed) = signatures(core, &newcomer.root);
                Stage::Founders(signed, needed)
            }
            Some(Standing::Unknown) => Stage::NotAsked,
            Some(standing) => Stage::Decided(journey(standing)),
        },
        said: newcomer.applicant().map(|applicant| Said {
            request: applicant.request,
            contribution: applicant.contribution,
            terms: applicant.terms.to_string(),
        }),
        to_accept: terms(core).filter(|_| may_apply),
        signs_itself: newcomer.signs_itself(),
    }
}

/// Who signed up with the reader's account; nothing once it is a member.
async fn newcomer_of(site: &Site, actor: &Actor) -> Result<Option<Newcomer>, WebError> {
    match actor.hosted() {
        Some(member) => site.hosted.of(member).await,
        None => Ok(None),
    }
}

async fn show(
    site: &Site,
    actor: &Actor,
    place: &Place,
    filled: &Filled,
) -> Result<Response, WebError> {
    let Some(newcomer) = newcomer_of(site, actor).await? else {
        return Ok(go("/account"));
    };
    let frame = views::frame(site, Some(actor), place)?;
    let now = site.now();
    let view = site.node.read(|core| {
        let standing = hosted::standing(core, &newcomer, now);
        shown(core, &newcomer, standing.as_ref())
    });
    Ok(pages::page(&frame, &view, filled).into_response())
}

/// `GET /account/application`
pub(crate) async fn page(
    State(site): State<Site>,
    Signed { actor, place }: Signed,
) -> Result<Response, WebError> {
    show(&site, &actor, &place, &Filled::default()).await
}

/// `POST /account/application`: `request`, `contribution`, `accept_charter` (the charter's hash)
pub(crate) async fn apply(State(site): State<Site>, form: Form) -> Result<Response, WebError> {
    let work = async {
        let missing = || WebError::NotFound { what: "newcomer" };
        let newcomer = newcomer_of(&site, &form.actor).await?.ok_or_else(missing)?;
        hosted::apply_again(&site, &newcomer, &words(&form.fields)).await?;
        Ok("/account/application?done=applied".to_owned())
    };
    let page = async |filled| show(&site, &form.actor, &form.place, &filled).await;
    submit(&site, &form, work, page).await
}
