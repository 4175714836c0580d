//! Rooms: where people of a member meet, their links, and the page behind a link.

use super::*;

messages! {
    rooms() { English: "Rooms" }
    rooms_of(member) { English: "Rooms of {member}" }
    rooms_explained() { English: "A room is where people of your co-op and their guests meet. Start a meeting at once, or give out a link for later." }
    rooms_none() { English: "No room is here yet. Make one, start a meeting in it, and send its link to your guests." }
    rooms_table() { English: "Rooms with how they stand" }
    rooms_closed() { English: "Closed rooms" }
    rooms_tenant() { English: "Rooms" }
    rooms_tenant_of(member) { English: "Rooms of {member}" }
    room() { English: "Room" }
    new_room() { English: "New room" }
    make_room() { English: "Make the room" }
    edit_room() { English: "Change the room" }
    save_room() { English: "Save" }
    room_title() { English: "What it is called" }
    room_title_hint() { English: "Guests read it too." }
    room_region() { English: "Where the server should be" }
    room_region_any() { English: "Wherever it is best" }
    room_region_hint() { English: "Near the people. If there is no place, another region is taken." }
    room_people() { English: "How many people you expect" }
    room_people_hint() { English: "A server with places for so many is looked for. More may come." }
    room_record() { English: "The meeting may be recorded" }
    room_record_hint() { English: "A moderator begins and ends the recording in the meeting." }
    room_record_none() { English: "No server of the federation records meetings now, so rooms are not recorded." }
    room_entrance() { English: "How guests get in" }
    entrance_anybody() { English: "With the link" }
    entrance_anybody_means() { English: "Whoever has the guests’ link is in at once." }
    entrance_asked() { English: "A moderator lets them in" }
    entrance_asked_means() { English: "Guests wait in the meeting until a moderator lets them in." }
    room_state() { English: "State" }
    room_people_column() { English: "People" }
    room_runs() { English: "Runs" }
    room_idle() { English: "Not running" }
    room_is_closed() { English: "Closed" }
    room_next(when) { English: "Next: {when}" }
    room_expected(count) { English: "{count} expected" }
    room_now_of(now, expected) { English: "{now} now, planned for {expected}" }
    room_runs_on(server, owner, when, people) { English: "It has been running on {server} of {owner} since {when}; {people}." }
    room_runs_silent(server, owner, when) { English: "It has been running on {server} of {owner} since {when}. Its server gives no answer now, so nobody can say how many are in it." }
    room_runs_somewhere(when) { English: "It has been running since {when}." }
    room_not_running() { English: "Not running." }
    room_not_running_next(when) { English: "Not running. The next gathering in it begins {when}." }
    room_closed_sentence() { English: "Closed. Nobody can meet in it, and its links lead nowhere." }
    start_now() { English: "Start now" }
    start_now_vh(title) { English: " a meeting in {title}" }
    join_room() { English: "Join" }
    join_room_vh(title) { English: " the meeting in {title}" }
    end_meeting_open() { English: "End the meeting …" }
    end_meeting_means() { English: "Everybody who is in it is sent out at once." }
    end_meeting() { English: "End the meeting for all" }
    room_come_back() { English: "Who has entered already can come back" }
    room_come_back_until() { English: "The meeting goes on. Who entered it before can leave it and come back until it is ended; then their way in is void, too." }
    room_links() { English: "Links" }
    room_links_explained() { English: "Whoever has a link gets in with it: no account is needed. If one has come into wrong hands, make it anew, and the old one leads nowhere." }
    room_link_guest() { English: "For guests" }
    room_link_moderator() { English: "For moderators" }
    room_link_guest_means() { English: "They get in once the meeting runs." }
    room_link_moderator_means() { English: "They start the meeting, mute and remove people, and end it." }
    copy() { English: "Copy" }
    copied() { English: "Copied." }
    new_link_means() { English: "The old link leads nowhere from then on, wherever it stands: in letters, calendars and bookmarks." }
    new_guest_link() { English: "New guests’ link" }
    new_moderator_link() { English: "New moderators’ link" }
    room_facts() { English: "What it is" }
    room_fact_region() { English: "Region" }
    room_fact_expected() { English: "Expected" }
    room_fact_recording() { English: "Recording" }
    room_fact_entrance() { English: "Guests" }
    room_recording_yes() { English: "when a moderator begins it" }
    room_recording_no() { English: "no" }
    close_room() { English: "Close the room" }
    close_room_open() { English: "Close the room …" }
    close_room_explained() { English: "Its links lead nowhere while it is closed. What was recorded stays." }
    delete_room() { English: "Delete the room" }
    delete_room_explained() { English: "A closed room can be deleted if nothing was recorded in it. It does not come back." }
    reopen_room() { English: "Open it again" }
    room_gathering() { English: "Gathering" }
    room_gathering_none() { English: "No gathering meets here. Plan one, and it stands in the calendars of its circle with this room’s link, with agenda and minutes." }
    room_gathering_of(gathering, circle) { English: "{gathering} of the circle {circle} meets here." }
    room_held(server, owner, people, when) { English: "{server} of {owner} is held for {people}, {when}." }
    room_hold_sought(people, when) { English: "A server is sought for {people}, {when}." }
    room_hold_refused(people, when) { English: "No server is held for {people}, {when}. It is tried again; at the start any that has room is taken." }
    room_hold_left_unused(people, when) { English: "No server is held for {people}, {when}: your co-op kept servers held in vain for more than five hours within four weeks. It is tried again; at the start any that has room is taken." }
    room_hold_smaller(people, when, possible) { English: "No server is held for {people}, {when}; for {possible} one would be. It is tried again; at the start any that has room is taken." }
    room_gathering_void() { English: "Calendars have an old link of this room" }
    room_gathering_put_link() { English: "Put the new link in" }
    room_plan_in(circle) { English: "Plan a gathering of {circle} here" }
    room_no_circle() { English: "A gathering is a circle’s. Join one under <a href=\"/circles\">Circles</a>, and you can plan its gatherings in this room. You can start a meeting at once all the same." }
    gathering_room() { English: "Meet in a room of ours" }
    gathering_room_explained() { English: "The room’s link for guests becomes the place, so it stands in the calendars of the circle." }
    gathering_room_new() { English: "A new room" }
    gathering_room_choose() { English: "Room" }
    gathering_room_take() { English: "Meet there" }
    gathering_room_is(room) { English: "It meets in your room {room}." }
    room_recordings() { English: "Recordings" }
    room_recordings_of(title) { English: "Recordings of {title}" }
    room_recordings_none() { English: "Nothing was recorded in this room, or no server that has it answers now." }
    room_recordings_explained() { English: "Whoever has the link of a published recording can watch it." }
    recording_play(format) { English: "Watch ({format})" }
    recording_published() { English: "Published" }
    recording_unpublished() { English: "Not published" }
    recording_processing() { English: "Being made" }
    recording_publish() { English: "Publish" }
    recording_unpublish() { English: "Take back" }
    recording_delete() { English: "Delete" }
    recording_delete_means() { English: "Its server deletes it, and nobody can bring it back." }
    recording_of_vh(when) { English: " the recording of {when}" }
    recording_state() { English: "State" }
    recording_when() { English: "When" }
    recording_watch() { English: "Watch" }

    door_of(member) { English: "A room of {member}" }
    door_runs(when) { English: "The meeting has been running since {when}." }
    door_runs_asked() { English: "A moderator lets you in." }
    door_ended(when) { English: "The meeting has ended, {when}. Another one is started by a moderator." }
    door_next(when) { English: "The next one starts {when}." }
    door_own_time() { English: "In your time zone:" }
    door_not_started() { English: "Not started yet. A moderator starts it." }
    door_not_started_until(when) { English: "Not started yet. It starts {when}." }
    door_moderator_starts() { English: "Not running. You start it when you join." }
    door_moderator_starts_next(when) { English: "Not running. You start it when you join. It is planned for {when}." }
    door_name() { English: "Your name" }
    door_name_hint() { English: "Others in the meeting see it. Nothing of it is kept here." }
    door_join() { English: "Join" }
    door_start() { English: "Start and join" }
    door_look_again() { English: "Look again" }
    door_looks() { English: "This page refreshes itself every 15 seconds; without script the button does." }
    door_own(link) { English: "This is a room of your co-op: {link}." }
    door_own_page() { English: "start it or look after it there" }
    door_void() { English: "This link leads nowhere" }
    door_void_what() { English: "The room is closed, or its link was made anew, or a part of the link is missing." }
    door_void_next() { English: "Look whether the whole link was copied. If it was, ask whoever sent it to you for a new one." }
    door_going(title) { English: "On the way to {title}" }
    door_going_words() { English: "The meeting opens." }
    door_going_link() { English: "Open it with this link if nothing happens" }
    done_room() { English: "The room is there. Start a meeting in it, or send its links." }
    done_room_ended() { English: "The meeting was ended for all." }
    done_link_renewed() { English: "The link is new. The old one leads nowhere." }
    done_room_closed() { English: "The room is closed." }
    done_room_deleted() { English: "The room is deleted." }
    done_room_reopened() { English: "The room is open again, with the links that it had." }
}

plurals! {
    room_people_in[count]() { English: one "1 person" other "{count} people" }
    recording_minutes[count]() { English: one "1 minute" other "{count} minutes" }
}
