//! Which address leads where.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{
    api,
    error::WebError,
    gateway,
    handlers::{
        account, action, applicants, application, archive, attachments, calendar, charter,
        charters, circle, circle_documents, common, decide, decision, documents, editor, entrance,
        federation, feeds, gathering, history, home, hosted, meet, node, order, propose, register,
        reminders, rooms, servers, sign_up, tenants, usage,
    },
    metrics, protect,
    site::Site,
};

/// The whole site as one service.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(home::page))
        .merge(decisions())
        .merge(texts())
        .merge(members())
        .merge(circles())
        .merge(meetings())
        .merge(rooms())
        .merge(own_node())
        .merge(servers_and_tenants())
        .merge(own_account())
        .merge(api::routes())
        .route("/applicants", get(applicants::list))
        .route("/applicants/{key}", get(applicants::one))
        .route("/in-force", get(order::page))
        .route("/charters", get(charters::list))
        .route("/charters/{hash}", get(charters::one))
        .route("/archive", get(decide::archive))
        .route("/archive/calendar.ics", get(feeds::public_calendar))
        .route("/archive/feed.atom", get(feeds::public_news))
        .route("/archive/{id}", get(decide::archived))
        .route("/archive/final", get(archive::page))
        .route("/archive/final.atom", get(archive::feed))
        .route("/register", get(register::page))
        .route("/register/recovery", get(register::recovery::page))
        .route("/register/{height}", get(register::height))
        .route("/register/{height}/{name}", get(register::file))
        .route("/register/evidence/{name}", get(register::evidence))
        .route("/feeds/{secret}/{name}", get(feeds::own))
        .route(
            "/unsubscribe/{secret}",
            get(reminders::ask).post(reminders::end),
        )
        .route("/charter", get(charter::page))
        .route(
            "/charter/compare",
            get(charter::compare).post(charter::do_compare),
        )
        .route("/help/{word}", get(common::help))
        .route("/events", get(common::events))
        .route("/metrics", get(metrics::show))
        .route("/assets/{name}", get(common::asset))
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(
            site.clone(),
            protect::protect,
        ))
        .with_state(site.clone())
        .merge(gateway::routes(site))
}

fn decisions() -> Router<Site> {
    Router::new()
        .route("/decide", get(decide::list).post(propose::do_new))
        .route("/decide/new", get(propose::new))
        .route("/decide/{id}", get(decision::page))
        .route("/decide/{id}/vote", post(decision::vote))
        .route("/decide/{id}/open", post(decision::open))
        .route("/decide/{id}/withdraw", post(decision::withdraw))
        .route("/decide/{id}/comment", post(decision::comment))
        .route("/decide/{id}/report", post(decision::report))
        .route("/decide/{id}/review", post(decision::review))
        .route(
            "/decide/{id}/amend",
            get(propose::amend).post(propose::do_amend),
        )
        .route("/decide/{id}/diff/{range}", get(propose::compare))
}

fn texts() -> Router<Site> {
    Router::new()
        .route("/documents", get(documents::list).post(documents::do_new))
        .route("/documents/new", get(documents::new))
        .route("/documents/{id}", get(documents::page))
        .route(
            "/documents/{id}/edit",
            get(editor::edit)
                .post(editor::do_edit)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/documents/{id}/restart", post(documents::restart))
        .route(
            "/documents/{id}/attachments",
            post(attachments::attach).layer(DefaultBodyLimit::disable()),
        )
        .route(
            "/documents/{id}/attachments/remove",
            post(attachments::detach),
        )
        .route(
            "/documents/{id}/attachments/{name}",
            get(attachments::fetch),
        )
        .route("/documents/{id}/file", post(documents::file))
        .route("/documents/{id}/history", get(history::page))
        .route("/documents/{id}/versions/{version}", get(history::version))
        .route("/documents/{id}/diff/{range}", get(history::compare))
}

fn members() -> Router<Site> {
    Router::new()
        .route("/federation", get(federation::page))
        .route("/members/{id}", get(federation::member))
        .route(
            "/profile",
            get(federation::profile).post(federation::do_profile),
        )
        .route("/federation/applications", get(federation::applications))
        .route(
            "/federation/applications/{key}/admit",
            post(federation::admit),
        )
}

fn circles() -> Router<Site> {
    Router::new()
        .route("/circles", get(circle::list).post(circle::do_new))
        .route("/circles/new", get(circle::new))
        .route("/circles/{id}", get(circle::page).post(circle::do_edit))
        .route("/circles/{id}/edit", get(circle::edit))
        .route("/circles/{id}/roles", post(circle::role))
        .route("/circles/{id}/join", post(circle::join))
        .route("/circles/{id}/leave", post(circle::leave))
        .route("/circles/{id}/actions", post(action::add))
        .route("/circles/{id}/documents", post(circle_documents::begin))
        .route("/circles/{id}/gatherings", post(gathering::do_new))
        .route("/circles/{id}/gatherings/new", get(gathering::new))
        .route("/actions/{id}", get(action::page).post(action::change))
        .route("/actions/{id}/done", post(action::done))
        .route(
            "/gatherings/{id}",
            get(gathering::page).post(gathering::do_edit),
        )
        .route("/gatherings/{id}/edit", get(gathering::edit))
        .route("/gatherings/{id}/cancel", post(gathering::cancel))
        .route("/gatherings/{id}/room", post(rooms::gathering::take))
        .route("/calendar", get(calendar::page))
        .route("/checklist/hide", post(home::hide_checklist))
        .route("/checklist/show", post(home::show_checklist))
}

fn meetings() -> Router<Site> {
    Router::new()
        .route("/meet", get(meet::page))
        .route("/meet/release", get(common::above).post(meet::release))
        .route("/meet/usage", get(usage::page))
        .route("/meet/usage.csv", get(usage::table))
}

fn rooms() -> Router<Site> {
    Router::new()
        .route("/rooms", get(rooms::page).post(rooms::add))
        .route("/rooms/{id}", get(rooms::one).post(rooms::change))
        .route("/rooms/{id}/edit", get(rooms::edit))
        .route("/rooms/{id}/enter", get(common::above).post(rooms::enter))
        .route("/rooms/{id}/end", get(common::above).post(rooms::end))
        .route("/rooms/{id}/links", get(common::above).post(rooms::renew))
        .route("/rooms/{id}/close", get(common::above).post(rooms::close))
        .route("/rooms/{id}/delete", get(common::above).post(rooms::delete))
        .route(
            "/rooms/{id}/recordings",
            get(rooms::recordings::page).post(rooms::recordings::change),
        )
        .route(
            "/rooms/{id}/gathering",
            get(common::above).post(rooms::gathering::put_link),
        )
        .route(
            "/rooms/{id}/{token}",
            get(rooms::door::page).post(rooms::door::join),
        )
}

fn own_node() -> Router<Site> {
    Router::new()
        .route("/node", get(node::page))
        .route("/node/people", get(node::people))
        .route("/node/people/invite", post(node::invite))
        .route("/node/people/{person}/remove", post(node::remove))
        .route("/node/keys", get(node::keys))
        .route("/node/hosted", get(hosted::page))
        .route("/node/hosted/invite", post(hosted::invite))
        .route("/node/hosted/move", post(hosted::move_on))
        .route("/node/hosted/export", post(hosted::export))
        .route("/node/hosted/{member}/answer", post(hosted::answer))
        .route("/node/hosted/{member}/remove", post(hosted::remove))
}

fn servers_and_tenants() -> Router<Site> {
    Router::new()
        .route("/meet/servers", get(servers::all))
        .route("/node/servers", get(servers::page).post(servers::add))
        .route(
            "/node/servers/{id}",
            get(servers::one).post(servers::change),
        )
        .route(
            "/node/servers/{id}/service",
            get(common::above).post(servers::service),
        )
        .route(
            "/node/servers/{id}/check",
            get(common::above).post(servers::check),
        )
        .route(
            "/node/servers/{id}/remove",
            get(common::above).post(servers::remove),
        )
        .route("/node/tenants", get(tenants::page).post(tenants::add))
        .route(
            "/node/tenants/{id}",
            get(tenants::one).post(tenants::describe),
        )
        .route(
            "/node/tenants/{id}/limits",
            get(common::above).post(tenants::limits),
        )
        .route(
            "/node/tenants/{id}/level",
            get(common::above).post(tenants::level),
        )
        .route(
            "/node/tenants/{id}/rotate",
            get(common::above).post(tenants::rotate),
        )
        .route(
            "/node/tenants/{id}/configuration",
            get(tenants::configuration),
        )
        .route("/node/tenants/{id}/secret", get(tenants::secret))
        .route(
            "/node/tenants/{id}/remove",
            get(common::above).post(tenants::remove),
        )
}

fn own_account() -> Router<Site> {
    Router::new()
        .route(
            "/sign-in",
            get(entrance::sign_in).post(entrance::do_sign_in),
        )
        .route(
            "/welcome/{secret}",
            get(entrance::welcome).post(entrance::accept),
        )
        .route("/join/{secret}", get(sign_up::join).post(sign_up::do_join))
        .route("/account", get(account::page))
        .route(
            "/account/application",
            get(application::page).post(application::apply),
        )
        .route("/account/password", post(account::change_password))
        .route("/account/settings", post(account::settings))
        .route("/account/reminders", post(reminders::save))
        .route("/account/feeds", post(feeds::renew))
        .route("/account/tokens", post(account::make_token))
        .route("/account/tokens/{id}/revoke", post(account::revoke_token))
        .route("/account/sign-out", post(entrance::sign_out))
        .route(
            "/account/sign-out-everywhere",
            post(account::sign_out_everywhere),
        )
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
