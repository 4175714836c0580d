//! Circles at work: joining, terms, action points, gatherings, documents; reviews; the calendar.

use super::*;

messages! {
    join_circle() { English: "Join this circle" }
    leave_circle() { English: "Leave this circle" }
    you_are_in_circle() { English: "You are in this circle." }
    join_to_work() { English: "Join the circle to add action points and gatherings." }
    nobody_in_circle_yet() { English: "Nobody is in it yet." }
    by_decision() { English: "by decision" }
    coordinator() { English: "coordinator" }
    coordinator_until(when) { English: "coordinator until {when}" }
    role_until(role, when) { English: "{role} until {when}" }
    term_title() { English: "The coordinator’s term" }
    term_ends(person, when) { English: "The term of {person} ends on {when}. Choose who coordinates then." }
    term_ended(person, when) { English: "The term of {person} ended on {when}. Choose again." }
    term_ends_in(circle, when) { English: "Your term as coordinator of {circle} ends on {when}. Let the circle choose." }
    term_ended_in(circle, when) { English: "Your term as coordinator of {circle} ended on {when}. Let the circle choose again." }

    action_points() { English: "Action points" }
    your_action_points() { English: "Your action points" }
    action_point() { English: "Action point" }
    add_action() { English: "Add an action point" }
    no_open_actions() { English: "Nothing is to be done. What somebody takes on stands here, with its day." }
    show_closed_actions() { English: "Done and dropped" }
    action_what() { English: "What is to be done" }
    action_what_hint() { English: "One line that begins with a verb, such as “Ask three co-ops for an offer”." }
    action_who() { English: "Who" }
    action_anyone(member) { English: "Someone of {member}" }
    action_due() { English: "By when" }
    action_due_hint() { English: "Leave it empty if it has no day." }
    due_on(when) { English: "due {when}" }
    overdue_since(when) { English: "overdue since {when}" }
    no_due_day() { English: "no day set" }
    action_done() { English: "Done" }
    action_state_open() { English: "To be done" }
    action_state_done() { English: "Done" }
    action_state_dropped() { English: "Dropped" }
    action_changed(state, when) { English: "{state}, {when}" }
    action_state() { English: "How it stands" }
    action_words_missing() { English: "The words have not arrived here, or were erased." }
    action_from(source) { English: "From {source}" }
    change_action() { English: "Change it" }
    begun_by(person, when) { English: "Begun by {person}, {when}" }

    next_gatherings() { English: "Next gatherings" }
    no_gathering() { English: "No gathering is planned." }
    new_gathering() { English: "Plan a gathering" }
    edit_gathering() { English: "Change the gathering" }
    gathering_title() { English: "What it is called" }
    gathering_day() { English: "First day" }
    gathering_time() { English: "Begins at" }
    gathering_time_hint() { English: "The time of day in the zone below. It stays the same there when clocks are changed." }
    gathering_minutes() { English: "Length in minutes" }
    gathering_zone() { English: "Time zone" }
    gathering_repeats() { English: "Comes again" }
    gathering_last_day() { English: "Last day" }
    gathering_last_day_hint() { English: "Leave it empty if no end is agreed." }
    gathering_place() { English: "Where" }
    gathering_place_hint() { English: "An address of the web, or words. Every member can read it." }
    gathering_call_off() { English: "It is called off altogether" }
    gathering_called_off() { English: "This gathering was called off." }
    gathering_once() { English: "Once" }
    gathering_over() { English: "It is over." }
    gathering_at(time, zone) { English: "at {time}, {zone}" }
    gathering_zone_unknown(zone) { English: "This node does not know the time zone {zone} and takes its times as UTC." }
    gathering_cancelled() { English: "cancelled" }
    cancel_this_one() { English: "Cancel this one" }
    let_it_happen() { English: "Let it happen" }
    of_circle(circle) { English: "Circle {circle}" }
    ordinal_first() { English: "first" }
    ordinal_second() { English: "second" }
    ordinal_third() { English: "third" }
    ordinal_fourth() { English: "fourth" }
    ordinal_fifth() { English: "fifth" }
    ordinal_last() { English: "last" }
    ordinal_before_last() { English: "last but one" }
    repeats_weeks(count) { English: "Every {count} weeks" }
    repeats_every_week() { English: "Every week" }
    repeats_months() { English: "Every month, the same weekday counted from its beginning" }
    repeats_months_from_end() { English: "Every month, the same weekday counted from its end" }
    repeats_n_months(count) { English: "Every {count} months, the same weekday counted from its beginning" }
    repeats_n_months_from_end(count) { English: "Every {count} months, the same weekday counted from its end" }
    done_gathering() { English: "The gathering is in everybody’s calendar of this circle." }
    done_joined() { English: "You are in this circle now." }
    done_left() { English: "You have left this circle." }
    done_action() { English: "The action point stands on the page of who does it." }
    done_action_done() { English: "Done. Everybody in the circle sees it." }

    circle_documents() { English: "Documents" }
    new_agenda() { English: "New agenda" }
    new_minutes() { English: "New minutes" }
    new_text() { English: "New text" }
    no_circle_documents() { English: "No agenda, minutes or text belongs to this circle yet." }
    sort_agendas() { English: "Agendas" }
    sort_texts() { English: "Texts" }
    sort_drafts() { English: "Drafts" }
    agenda_of(circle, day) { English: "Agenda of {circle}, {day}" }
    minutes_of(circle, day) { English: "Minutes of {circle}, {day}" }
    text_of(circle) { English: "{circle}: untitled" }
    agenda_template() { English: "Welcome and how everybody is\n\nAgree on this agenda\n\nSince last time: action points\n\nTopics (for each: who brings it, how long, what is wanted: to hear, to discuss, to decide)\n1. \n2. \n\nWhat was agreed, who does what\n\nHow this gathering went\n" }
    minutes_template() { English: "Present: \nExcused: \nFacilitates: \nWrites: \n\nTopics (for each: what was said, what was agreed)\n1. \n2. \n\nAction points (who, what, by when)\n- \n\nNext gathering: \n" }

    review() { English: "Review" }
    review_due(when) { English: "Review due on {when}." }
    review_overdue(when) { English: "Its review was due on {when}. Look whether it still serves, then set a new day or propose a change." }
    set_review() { English: "Set the day of review" }
    change_review() { English: "Change the day of review" }
    review_day() { English: "Day of review" }
    review_day_hint() { English: "When you look again whether the decision still serves. Empty takes the day back." }
    reviews_due() { English: "Reviews" }
    state_under_review() { English: "Under review" }
    show_review() { English: "Review due" }
    none_review() { English: "No decision has a day of review. It is set on the page of one that has passed." }
    review_in_list(when) { English: "review {when}" }
    done_review() { English: "The day of review is set." }

    calendar() { English: "Calendar" }
    calendar_explained() { English: "Votes, reviews and gatherings of the next weeks, and your own action points." }
    calendar_empty() { English: "Nothing is planned for the next weeks." }
    calendar_only_own() { English: "Gatherings of your circles alone" }
    calendar_all() { English: "Gatherings of all circles" }
    calendar_vote_closes(title) { English: "Vote closes: {title}" }
    calendar_integration_ends(title) { English: "Time to integrate a block ends: {title}" }
    calendar_review(title) { English: "Review due: {title}" }
    calendar_action(title) { English: "Action point due: {title}" }
    calendar_subscribe() { English: "Subscribe with your calendar program" }
    add_to_calendar() { English: "Add to your calendar" }

    event_review(title) { English: "Review due: {title}" }
    event_review_about() { English: "Look whether the decision still serves." }
    event_gathering(title, circle) { English: "{title} ({circle})" }
    event_gathering_place(place) { English: "Where: {place}" }
    event_action(words) { English: "Action point due: {words}" }
    event_action_about(circle) { English: "For the circle {circle}." }
    category_review() { English: "Review" }
    category_gathering() { English: "Gathering" }
    category_action() { English: "Action point" }
    mail_digest_actions() { English: "Your action points" }
    mail_digest_gatherings() { English: "Gatherings until tomorrow evening" }
    mail_digest_action(words, due, address) { English: "* {words}\n  {due}.\n  {address}" }
    mail_digest_action_due(when) { English: "Due {when}" }
    mail_digest_action_overdue(when) { English: "Overdue since {when}" }
    mail_digest_gathering(title, circle, when, address) { English: "* {title} ({circle})\n  {when}.\n  {address}" }
}

plurals! {
    every_weeks[count](weekday) {
        English: one "Every {weekday}" other "Every {count} weeks on {weekday}"
    }
    every_months[count](ordinal, weekday) {
        English: one "Every month on the {ordinal} {weekday}" other "Every {count} months on the {ordinal} {weekday}"
    }
    gathering_times[count]() { English: one "once" other "{count} times" }
    gathering_minutes_long[count]() { English: one "{count} minute" other "{count} minutes" }
}
