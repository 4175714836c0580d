//! A sentence for every reason of placement, with both values compared.

use maud::{Markup, Render};
use routing::{
    Distance, Reason, Suspicion, Tier,
    candidate::{Health, State},
};

use super::tenths;
use crate::catalogue::Language;

/// Why a server was or was not chosen, in a sentence.
pub(crate) fn sentence(say: Language, server: impl Render, reason: &Reason) -> Markup {
    let server = server.render();
    match reason {
        Reason::Region { found, wanted } => say.why_region(server, found.as_str(), wanted.as_str()),
        Reason::Feature { missing } => say.why_feature(server, missing.as_str()),
        Reason::Cordoned { state } => match state {
            Some(State::TestsOnly) => say.why_tests_only(server),
            Some(_) => say.why_cordoned(server),
            None => say.why_nothing_open(server),
        },
        Reason::Drained => say.why_drained(server),
        Reason::Share {
            used_ppm,
            share_ppm,
        } => say.why_share(server, tenths(*used_ppm), tenths(*share_ppm)),
        Reason::Stale { age_ms, limit_ms } => match age_ms {
            Some(age_ms) => say.why_stale(server, seconds(say, *limit_ms), seconds(say, *age_ms)),
            None => say.why_never_heard(server),
        },
        Reason::Suspected(suspicion) => suspected(say, server, suspicion),
        Reason::FloorVeto {
            floor_ppm,
            limit_ppm,
            reported,
        } => {
            let reported = say.meet_people_count(reported.users);
            say.why_floor(server, tenths(*floor_ppm), tenths(*limit_ppm), reported)
        }
        Reason::RefusedFull {
            score_ppm,
            limit_ppm,
        } => say.why_refused_full(server, tenths(*score_ppm), tenths(*limit_ppm)),
        Reason::OverLimit {
            score_ppm,
            limit_ppm,
        } => say.why_over_limit(server, tenths(*score_ppm), tenths(*limit_ppm)),
        Reason::RoomTooLarge { users, limit_users } => {
            say.why_room_too_large(*users, server, *limit_users)
        }
        Reason::UnfairLimit {
            score_ppm,
            limit_ppm,
        } => say.why_unfair(server, tenths(*score_ppm), tenths(*limit_ppm)),
        Reason::Ranked {
            score_ppm,
            distance,
            ..
        } => say.why_ranked(server, tenths(*score_ppm), far(say, *distance)),
        Reason::RunnerUp {
            score_ppm,
            chosen_ppm,
        } => say.why_runner_up(server, tenths(*score_ppm), tenths(*chosen_ppm)),
        Reason::Chosen {
            score_ppm,
            tier,
            distance,
        } => chosen(say, &server, *score_ppm, *tier, *distance),
    }
}

fn chosen(
    say: Language,
    server: &Markup,
    score_ppm: u64,
    tier: Tier,
    distance: Distance,
) -> Markup {
    let (score, distance) = (tenths(score_ppm), far(say, distance));
    match tier {
        Tier::A | Tier::B => say.why_chosen(server, score, distance),
        Tier::C => say.why_chosen_beyond(server, score, distance),
    }
}

fn suspected(say: Language, server: Markup, suspicion: &Suspicion) -> Markup {
    match suspicion {
        Suspicion::OwnerSilent { remaining_ms } => {
            say.why_owner_silent(server, seconds(say, *remaining_ms))
        }
        Suspicion::NotAcknowledged { waited_ms } => say.why_not_acknowledged(server, *waited_ms),
        Suspicion::Failed => say.why_failed(server),
        Suspicion::Unhealthy {
            health: Health::Down,
        } => say.why_down(server),
        Suspicion::Unhealthy { .. } => say.why_unhealthy(server),
    }
}

fn far(say: Language, distance: Distance) -> Markup {
    match distance {
        Distance::Right => say.why_distance_right(),
        Distance::Near => say.why_distance_near(),
        Distance::Far => say.why_distance_far(),
    }
}

/// Milliseconds as whole seconds, rounded up.
fn seconds(say: Language, milliseconds: u64) -> Markup {
    say.meet_seconds(milliseconds.div_ceil(1_000))
}

/// The order on the page: the chosen one, then who came close, then who was left out.
pub(crate) fn order(reason: &Reason) -> u8 {
    match reason {
        Reason::Chosen { .. } => 0,
        Reason::RunnerUp { .. } => 1,
        Reason::Ranked { .. } => 2,
        Reason::OverLimit { .. } | Reason::UnfairLimit { .. } | Reason::RoomTooLarge { .. } => 3,
        Reason::RefusedFull { .. } | Reason::FloorVeto { .. } | Reason::Share { .. } => 4,
        Reason::Suspected(_) | Reason::Stale { .. } => 5,
        Reason::Cordoned { .. } | Reason::Drained => 6,
        Reason::Feature { .. } | Reason::Region { .. } => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_are_compared_are_both_said() {
        let reason = Reason::OverLimit {
            score_ppm: 962_000,
            limit_ppm: 950_000,
        };
        let said = sentence(Language::English, "Montréal <1>", &reason).into_string();
        assert_eq!(
            said,
            "Montréal &lt;1&gt; would be 96.2 % full; the limit is 95.0 %."
        );
    }

    #[test]
    fn the_chosen_server_stands_before_all_others() {
        let chosen = Reason::Chosen {
            score_ppm: 1,
            tier: Tier::A,
            distance: Distance::Right,
        };
        assert!(order(&chosen) < order(&Reason::Drained));
    }
}
