//! Which address leads where.

use axum::{
    Router,
    http::Method,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{
    api,
    error::WebError,
    handlers::{account, entrance},
    protect,
    site::Site,
};

/// The whole site as one service.
pub fn router(site: Site) -> Router {
    Router::new()
        .route(
            "/sign-in",
            get(entrance::sign_in).post(entrance::do_sign_in),
        )
        .route("/sign-out", post(entrance::sign_out))
        .route(
            "/invitation/{secret}",
            get(entrance::invitation).post(entrance::accept_invitation),
        )
        .route("/account", get(account::page))
        .route("/account/password", post(account::change_password))
        .route("/account/tokens", post(account::make_token))
        .route("/account/tokens/{id}/delete", post(account::delete_token))
        .route(
            "/account/sign-out-everywhere",
            post(account::sign_out_everywhere),
        )
        .merge(api::routes())
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(
            site.clone(),
            protect::protect,
        ))
        .with_state(site)
}

async fn missing() -> Response {
    WebError::NotFound { what: "page" }.into_response()
}

async fn wrong_method(method: Method) -> Response {
    WebError::Method {
        method: method.to_string(),
    }
    .into_response()
}
