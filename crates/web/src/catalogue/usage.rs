//! What was used of servers.

use super::*;

messages! {
    usage() { English: "Usage" }
    usage_title(month, year) { English: "Used in {month} {year}" }
    usage_nothing(month, year) { English: "Nothing is recorded for {month} {year}." }
    usage_nothing_explained() { English: "Here you will find the minutes that people spent in meetings, by co-op, front end and server. The owner of each server counts them and signs a record every quarter of an hour." }
    usage_explained() { English: "Months begin and end at midnight UTC. Each figure was measured and signed by the owner of the server; names are those of today." }
    usage_by_member() { English: "By co-op and front end" }
    usage_by_server() { English: "By server" }
    usage_caption_members() { English: "Minutes, meetings and the most people at one time, by co-op, front end and server" }
    usage_caption_servers() { English: "Minutes, meetings and the most people at one time, by server" }
    usage_front_end() { English: "Front end" }
    usage_measured_by() { English: "Measured by" }
    usage_minutes() { English: "Participant-minutes" }
    usage_meetings() { English: "Meetings" }
    usage_peak() { English: "Most at one time" }
    usage_total() { English: "Together" }
    usage_peak_explained() { English: "“Most at one time” is the highest figure of one front end on one server: those of different servers need not be of one moment, so they are not added." }
    usage_previous(month) { English: "Before: {month}" }
    usage_next(month) { English: "After: {month}" }
    usage_csv() { English: "As a table (CSV)" }
    usage_months() { English: "Months" }
    usage_unknown_tenant(id) { English: "a front end whose record is not here ({id})" }
    usage_unknown_server(id) { English: "a server whose record is not here ({id})" }
}

plurals! {
    usage_sentence[members](minutes, meetings, month, year) {
        English: one "People of one co-op spent {minutes} in {meetings} in {month} {year}."
            other "People of {members} co-ops spent {minutes} in {meetings} in {month} {year}."
    }
    usage_minutes_count[count]() { English: one "1 minute" other "{count} minutes" }
    usage_meetings_count[count]() { English: one "1 meeting" other "{count} meetings" }
}
