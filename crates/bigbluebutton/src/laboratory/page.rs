//! The pages people see in the laboratory in place of a meeting.

use crate::{query::Parameters, xml};

use super::world::World;

/// What the page of a meeting shows.
pub(super) fn meeting(world: &World, query: &str) -> Option<String> {
    let parameters = Parameters::from_query(query).ok()?;
    let token = parameters.get("sessionToken")?;
    let session = world.sessions.get(token)?;
    let room = world.rooms.get(&session.meeting_id)?;
    let title = format!("{} – laboratory", room.create.name);
    let (name, person) = (text(&room.create.name), text(&session.full_name));
    let people: String = room
        .people
        .iter()
        .take(100)
        .map(|person| {
            format!(
                "<li>{} ({})</li>",
                text(&person.full_name),
                person.role.name()
            )
        })
        .collect();
    let count = room.people.len();
    let token = text(token);
    Some(page(
        &title,
        &format!(
            "<h1>You are in the laboratory meeting {name} as {person}</h1>\
             <p>This server only plays a meeting: there is no sound, no picture and no chat.</p>\
             <h2>People here: {count}</h2><ul>{people}</ul>\
             <form method=\"post\" action=\"/leave\">\
             <input type=\"hidden\" name=\"sessionToken\" value=\"{token}\">\
             <button type=\"submit\">Leave the meeting</button></form>"
        ),
    ))
}

/// What a person sees who was refused, or who opens the laboratory itself.
pub(super) fn front(query: &str) -> String {
    let errors = Parameters::from_query(query)
        .ok()
        .and_then(|parameters| parameters.get("errors").map(str::to_owned))
        .and_then(|errors| serde_json::from_str::<Vec<serde_json::Value>>(&errors).ok())
        .unwrap_or_default();
    let errors: String = errors
        .iter()
        .take(10)
        .filter_map(|error| error.get("message")?.as_str())
        .map(|message| format!("<p role=\"alert\">{}</p>", text(message)))
        .collect();
    page(
        "Laboratory",
        &format!(
            "<h1>Laboratory</h1>{errors}\
             <p>This server behaves like BigBlueButton for tests and demonstrations.</p>"
        ),
    )
}

/// What a person sees who left, or whose meeting ended.
pub(super) fn left() -> String {
    page(
        "You left – laboratory",
        "<h1>You left the meeting</h1><p>You can close this page.</p>",
    )
}

/// What a person sees who opens a recording.
pub(super) fn playback(id: &str) -> String {
    let id = text(id);
    page(
        "Recording – laboratory",
        &format!("<h1>Recording</h1><p>There is nothing in {id}.</p>"),
    )
}

fn page(title: &str, body: &str) -> String {
    let title = text(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;\
         margin:2rem auto;padding:0 1rem}}button{{font:inherit;padding:.5rem 1rem}}</style></head>\
         <body><main>{body}</main></body></html>"
    )
}

fn text(raw: &str) -> String {
    xml::escaped(raw)
}
