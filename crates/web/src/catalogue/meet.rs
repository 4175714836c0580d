//! Meetings: where they run, why there, and what found no place.

use super::*;

messages! {
    meet() { English: "Meet" }
    meet_no_servers() { English: "No co-op offers a server yet, so no meeting can begin." }
    meet_nothing_runs(places, servers, regions) {
        English: "No meeting runs now. There is room for {places} people on {servers} in {regions}."
    }
    meet_room_for(places, servers, regions) { English: "There is room for {places} people on {servers} in {regions}." }
    meet_all_silent() { English: "No server answers now, so no meeting can begin." }
    meet_by_region() { English: "Servers by region" }
    meet_strip_title() { English: "How full the servers of each region are" }
    meet_strip_desc() { English: "The same figures are in the table below." }
    meet_strip_places(servers, used, places) { English: "{servers}, {used} of {places} places" }
    meet_strip_silent(servers) { English: "{servers}, not answering" }
    meet_table_caption() { English: "Servers by region with state, places taken and meetings" }
    meet_server() { English: "Server" }
    meet_state() { English: "State" }
    meet_places() { English: "Places taken" }
    meet_meetings() { English: "Meetings" }
    meet_heard() { English: "Heard of" }
    meet_places_of(used, places) { English: "{used} of {places} people" }
    meet_places_unknown(places) { English: "unknown of {places}" }
    meet_full_processing(percent) { English: "{percent} % of its processing power" }
    meet_full_traffic(percent) { English: "{percent} % of its outgoing traffic" }
    meet_full_people(percent) { English: "{percent} % of its places" }
    meet_full_rooms(percent) { English: "{percent} % of its rooms" }
    meet_full_means() { English: "A server is as full as what it has least of: places for people, processing power, outgoing traffic or rooms. The percentages say how much of that is taken. A meeting that has just begun takes what is planned for it, so it can be more than people are there, and more than 100 %." }
    meet_down() { English: "gives its owner no answer" }
    meet_heard_last(when) { English: "last heard of {when}" }
    meet_never_heard() { English: "not since this node started" }
    meet_of_owner(owner) { English: "of {owner}" }
    meet_owner_and_region(owner, region) { English: "of {owner}, in {region}" }
    meet_state_open() { English: "Open" }
    meet_state_cordoned() { English: "Cordoned" }
    meet_state_draining() { English: "Draining" }
    meet_state_tests_only() { English: "Tests only" }
    meet_state_not_answering() { English: "Not answering" }
    meet_open_means() { English: "takes new meetings" }
    meet_cordoned_means() { English: "meetings that run go on, new ones go elsewhere; its owner looks after it" }
    meet_draining_means() { English: "meetings that run go on, new ones go elsewhere; it is about to go" }
    meet_tests_only_means() { English: "takes new meetings of its owner only" }
    meet_not_answering_means() { English: "its owner’s node is away, or the server gives no answer; new meetings go elsewhere" }
    meet_silent_since(server, owner, when) { English: "{server} of {owner}, last heard of {when}." }
    meet_silent_never(server, owner) { English: "{server} of {owner}, not heard of since this node was started." }
    meet_silent_down(server, owner) { English: "{server} of {owner}: its owner’s node is there, the server gives it no answer." }
    meet_silent_then() { English: "New meetings go elsewhere. Meetings that run there may go on: people’s browsers are connected to the server itself." }
    meet_live() { English: "Live now" }
    meet_live_caption() { English: "Meetings that this node placed, and why each is on its server" }
    meet_meeting() { English: "Meeting" }
    meet_since() { English: "Since" }
    meet_people() { English: "People" }
    meet_room(room) { English: "room {room}" }
    meet_people_expected(expected) { English: "planned for {expected}" }
    meet_people_now(now, expected) { English: "{now} now, planned for {expected}" }
    meet_people_only(now) { English: "{now} now" }
    meet_people_unknown() { English: "not known since the restart" }
    meet_names_stay() { English: "Names of meetings and people stay with the front end and the server: other co-ops see only that a room is in use." }
    meet_why_here() { English: "Why here" }
    meet_why_not_of(tenant, room, when) { English: ": {tenant}, room {room}, {when}" }
    meet_why_of(tenant, room) { English: ": {tenant}, room {room}" }
    meet_why_forgotten() { English: "Placed before this node was started. The place is kept, the reasons are not." }
    meet_server_gone() { English: "a server whose record has not arrived here" }
    meet_nothing_live() { English: "No meeting of this node’s front ends runs now. One stands here from the moment its front end begins it, with its server and the reasons." }
    meet_no_tenants() { English: "No front end has its meetings through this node yet. A Greenlight, Nextcloud, Moodle or WordPress of your co-op can: it sees your node as one BigBlueButton server." }
    meet_begin_tenant() { English: "A steward adds it under <a href=\"/node/tenants\">Front ends</a>, or with <code>folkmoot tenant add</code>." }
    meet_begin_server() { English: "A steward adds one under <a href=\"/node/servers\">Servers</a>, or with <code>folkmoot server add</code>. Its owner keeps the secret and the last word." }
    meet_no_servers_here() { English: "Servers of every co-op will stand here by region, with how full they are." }
    meet_all_servers() { English: "All servers" }
    meet_usage_link() { English: "What was used" }
    meet_unplaced() { English: "Found no place" }
    meet_unplaced_explained() { English: "Since this node was started, the newest first. The front end was told to try again." }
    meet_unplaced_unsized(tenant, when) { English: "{tenant}, {when}" }
    meet_unplaced_one(tenant, when, users) { English: "{tenant}, {when}, for {users}" }
    meet_why_not() { English: "Why not" }
    meet_none_known() { English: "No server was known." }
    meet_release() { English: "Release" }
    meet_release_vh(tenant, room) { English: " the meeting of {tenant} in room {room}" }
    meet_owner_silent(owner) { English: "{owner} keeps silent. If its server is gone, release the room: its next meeting is placed anew. If the server still runs, people in the old meeting stay apart from the new one." }
    done_released() { English: "Released. The room’s next meeting is placed anew." }

    why_region(server, found, wanted) { English: "{server} is in {found}; only {wanted} was allowed." }
    why_feature(server, feature) { English: "{server} lacks what was asked for: {feature}." }
    why_cordoned(server) { English: "{server} is cordoned: it takes no new meetings." }
    why_tests_only(server) { English: "{server} takes tests of its owner only." }
    why_nothing_open(server) { English: "The owner of {server} answered that it has nothing open." }
    why_drained(server) { English: "{server} is draining: it takes no new meetings." }
    why_share(server, used, share) { English: "{server} offers {share} % of itself to other co-ops; with this meeting they would use {used} %." }
    why_stale(server, limit, age) { English: "Nothing was heard of {server} for {age}; it may be {limit} at most." }
    why_never_heard(server) { English: "Nothing was heard of {server} since this node was started." }
    why_owner_silent(server, remaining) { English: "The owner of {server} did not answer and is left alone for {remaining} more." }
    why_not_acknowledged(server, waited_ms) { English: "The owner of {server} did not answer within {waited_ms} ms." }
    why_failed(server) { English: "Creating the meeting on {server} failed." }
    why_unhealthy(server) { English: "{server} answers its owner irregularly." }
    why_down(server) { English: "{server} gives its owner no answer." }
    why_floor(server, floor, limit, reported) { English: "By the joins that front ends counted {server} would be {floor} % full, more than {limit} %, whatever its owner says (it says {reported})." }
    why_refused_full(server, score, limit) { English: "The owner of {server} refused: it would be {score} % full, and its limit is {limit} %." }
    why_over_limit(server, score, limit) { English: "{server} would be {score} % full; the limit is {limit} %." }
    why_unfair(server, score, limit) { English: "{server} would be {score} % full. As your co-op uses more than its share now, its limit is {limit} %." }
    why_ranked(server, score, distance) { English: "{server} would be {score} % full, {distance}; others were better." }
    why_runner_up(server, score, chosen) { English: "{server} was second: it would be {score} % full, the chosen one {chosen} %." }
    why_chosen(server, score, distance) { English: "{server} was chosen: {score} % full with this meeting, {distance}." }
    why_chosen_beyond(server, score, distance) { English: "{server} was chosen: {score} % full with this meeting by what this node knew, {distance}; its owner knows better and took it." }
    why_distance_right() { English: "in the region that was wanted" }
    why_distance_near() { English: "near this node" }
    why_distance_far() { English: "not known to be near" }
}

plurals! {
    meet_runs[meetings](used, places, servers, regions) {
        English: one "One meeting takes {used} of {places} places on {servers} in {regions}."
            other "{meetings} meetings take {used} of {places} places on {servers} in {regions}."
    }
    meet_servers_count[count]() { English: one "1 server" other "{count} servers" }
    meet_regions_count[count]() { English: one "1 region" other "{count} regions" }
    meet_people_count[count]() { English: one "1 person" other "{count} people" }
    meet_seconds[count]() { English: one "1 second" other "{count} seconds" }
    meet_silent[count]() { English: one "One server does not answer" other "{count} servers do not answer" }
    meet_silent_sentence[count]() { English: one "One server does not answer." other "{count} servers do not answer." }
    meet_unplaced_sentence[count]() { English: one "In the last hour one meeting found no place." other "In the last hour {count} meetings found no place." }
    meet_runs_unseen[count]() {
        English: one "One meeting is on a server that does not answer: it may go on there."
            other "{count} meetings are on servers that do not answer: they may go on there."
    }
    meet_unplaced_more[count]() { English: one "One more before found no place either." other "{count} more before found no place either." }
    meet_live_others[count]() { English: one "One more runs that others placed." other "{count} more run that others placed." }
    meet_live_more[count]() { English: one "One more is listed by <code>folkmoot meeting list</code>." other "{count} more are listed by <code>folkmoot meeting list</code>." }
    meet_why_asked[users](took) { English: one "Planned for 1 person, placed within {took} ms." other "Planned for {users} people, placed within {took} ms." }
    why_room_too_large[users](server, limit) { English: one "{server} takes meetings of {limit} people at most; 1 was expected." other "{server} takes meetings of {limit} people at most; {users} were expected." }
    why_more[count]() { English: one "One more server was looked at." other "{count} more servers were looked at." }
}
