//! The properties of placement (§5) that concern one choice.

use proptest::prelude::*;
use routing::{
    Distance, Tier, WHOLE_PPM,
    candidate::{Report, Server, State},
    capacity::{Capacity, Load},
    place::{COMFORTABLE_PPM, Ranking, place},
    request::{Excluded, Request},
    share::Standing,
    view::View,
};

use crate::cast::{HOME, NOW, add, owner, report, request, server};

const REGIONS: [&str; 3] = ["ca-east", "eu-north", "us-west"];

#[derive(Debug, Clone)]
struct Given {
    owner: u8,
    region: usize,
    cores: u32,
    state: State,
    recording: bool,
    share_ppm: u64,
    full_ppm: u64,
    refused: bool,
}

fn given() -> impl Strategy<Value = Given> {
    let state = prop_oneof![
        6 => Just(State::Open),
        1 => Just(State::Cordoned),
        1 => Just(State::Draining),
        1 => Just(State::TestsOnly),
    ];
    let share_ppm = prop_oneof![3 => Just(WHOLE_PPM), 1 => 0..WHOLE_PPM];
    (
        (1..6u8, 0..3usize, 4..33u32, state),
        (
            any::<bool>(),
            share_ppm,
            0..1_100_000u64,
            prop::bool::weighted(0.1),
        ),
    )
        .prop_map(
            |((owner, region, cores, state), (recording, share_ppm, full_ppm, refused))| Given {
                owner,
                region,
                cores,
                state,
                recording,
                share_ppm,
                full_ppm,
                refused,
            },
        )
}

fn wanted() -> impl Strategy<Value = Request> {
    let hint = prop::option::of(1..60u32);
    (hint, any::<bool>(), any::<bool>()).prop_map(|(hint, region_required, recorded)| {
        let mut request = Request {
            hint,
            region_required,
            ..request()
        };
        if recorded {
            request.features.insert("recording".parse().unwrap());
        }
        request
    })
}

/// All that was given, in a view and as exclusions of the request.
fn view(all: &[Given], request: &mut Request, contended: bool) -> View {
    let mut view = View::default();
    for (number, given) in (0..).zip(all) {
        let capacity = Capacity::from_cores(given.cores, 1_000);
        let mut described = Server::new(
            owner(given.owner),
            REGIONS[given.region].parse().unwrap(),
            capacity,
        );
        described.state = given.state;
        described.share_ppm = given.share_ppm;
        if given.recording {
            described.features.insert("recording".parse().unwrap());
        }
        add(&mut view, number, described, given.full_ppm);
        let refused = Excluded::Full {
            score_ppm: 1,
            limit_ppm: 0,
        };
        if given.refused {
            request.excluded.insert(server(number), refused);
        }
    }
    for number in 1..6 {
        view.set_rtt(owner(number), u32::from(number) * 25);
    }
    if contended {
        view.contend(NOW);
    }
    view
}

proptest! {
    #[test]
    fn a_forbidden_server_is_never_asked(
        all in prop::collection::vec(given(), 1..20),
        mut request in wanted(),
        seed in any::<u64>(),
        contended in any::<bool>(),
    ) {
        let view = view(&all, &mut request, contended);
        let ranking = place(&request, &view, NOW, seed);
        prop_assert_eq!(ranking.reasons.len(), all.len(), "one reason for each");
        for ranked in &ranking.order {
            let given = &all[usize::from(ranked.server.0[0])];
            prop_assert_eq!(given.state, State::Open);
            prop_assert!(!given.refused);
            prop_assert!(given.recording || request.features.is_empty());
            prop_assert!(given.region == 0 || !request.region_required);
            let alone = ranking.prediction.load;
            let room = alone.utilisation_ppm(&Capacity::from_cores(given.cores, 1_000));
            prop_assert!(owner(given.owner) == HOME || room <= given.share_ppm);
        }
    }

    #[test]
    fn no_worse_region_is_asked_while_a_better_one_has_a_comfortable_server(
        all in prop::collection::vec(given(), 1..20),
        mut request in wanted(),
        seed in any::<u64>(),
        contended in any::<bool>(),
    ) {
        // A meeting of unknown size has another measure of comfort.
        request.hint = request.hint.or(Some(12));
        let view = view(&all, &mut request, contended);
        let order = place(&request, &view, NOW, seed).order;
        let comfortable = |distance| {
            order.iter().any(|r| r.plain_ppm <= COMFORTABLE_PPM && r.distance <= distance)
        };
        if let Some(chosen) = order.first() {
            let better = match chosen.distance {
                Distance::Right => None,
                Distance::Near => Some(Distance::Right),
                Distance::Far => Some(Distance::Near),
            };
            prop_assert!(!better.is_some_and(comfortable));
        }
    }

    #[test]
    fn more_load_never_improves_a_rank(
        all in prop::collection::vec(given(), 1..20),
        mut request in wanted(),
        (seed, contended) in any::<(u64, bool)>(),
        which: prop::sample::Index,
        more_ppm in 0..500_000u64,
    ) {
        let mut view = view(&all, &mut request, contended);
        let server = server(u8::try_from(which.index(all.len())).unwrap());
        let rank = |view: &View| {
            place(&request, view, NOW, seed).order.iter().position(|r| r.server == server)
        };
        let before = rank(&view);
        let candidate = view.candidate(server).unwrap();
        let capacity = candidate.server.capacity;
        let more = Load { cpu_units_milli: capacity.cpu_units_milli, ..Load::ZERO }.part(more_ppm);
        let load = candidate.load().plus(more);
        view.learn(NOW, server, Report { ..report(load, 2) });
        match (before, rank(&view)) {
            (Some(before), Some(after)) => prop_assert!(after >= before),
            (None, Some(_)) => prop_assert!(false, "it became possible"),
            _ => {}
        }
    }

    #[test]
    fn noise_away_from_the_limits_never_changes_a_tier(
        full_ppm in 0..1_100_000u64,
        noise_ppm in 0..10_000u64,
        seeds in any::<[u64; 2]>(),
    ) {
        let given = Given {
            owner: 2, region: 0, cores: 16, state: State::Open, recording: false,
            share_ppm: WHOLE_PPM, full_ppm, refused: false,
        };
        let tier = |full_ppm, seed| {
            let mut request = request();
            let all = [Given { full_ppm, ..given.clone() }];
            let view = view(&all, &mut request, false);
            place(&request, &view, NOW, seed).order.first().map(|r| (r.tier, r.plain_ppm))
        };
        let (before, plain_ppm) = tier(full_ppm, seeds[0]).unwrap();
        let near = |limit: u64| plain_ppm.abs_diff(limit) <= 11_000;
        prop_assume!(!near(COMFORTABLE_PPM) && !near(950_000));
        let (after, _) = tier(full_ppm + noise_ppm, seeds[1]).unwrap();
        prop_assert_eq!(before, after);
        let expected = match plain_ppm {
            0..=COMFORTABLE_PPM => Tier::A,
            _ if plain_ppm <= 950_000 => Tier::B,
            _ => Tier::C,
        };
        prop_assert_eq!(before, expected);
    }

    #[test]
    fn the_same_input_and_seed_give_the_same_ranking(
        all in prop::collection::vec(given(), 1..20),
        mut request in wanted(),
        seed in any::<u64>(),
    ) {
        let view = view(&all, &mut request, true);
        let ranking = place(&request, &view, NOW, seed);
        prop_assert_eq!(ranking, place(&request, &view.clone(), NOW, seed));
    }

    #[test]
    fn who_is_within_its_entitlement_is_never_worse_off_than_one_beyond(
        all in prop::collection::vec(given(), 1..20),
        mut request in wanted(),
        seed in any::<u64>(),
        used_cpu_units_milli in 100..300u64,
    ) {
        let mut view = view(&all, &mut request, false);
        let within = place(&request, &view, NOW, seed);
        let entitled_cpu_units_milli = 100;
        view.set_standing(HOME, Standing { used_cpu_units_milli, entitled_cpu_units_milli });
        let beyond = place(&request, &view, NOW, seed);
        let best = |ranking: &Ranking| ranking.order.first().map_or(Tier::C, |r| r.tier);
        prop_assert!(best(&within) <= best(&beyond));
        prop_assert!(within.order.len() >= beyond.order.len());
    }
}
