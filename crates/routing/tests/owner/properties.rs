//! What holds of an owner whatever it is told, in whatever order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use routing::{
    admission::{Input, Output},
    ask::{Answer, Ask},
    capacity::Load,
    request::{AskId, MeetingId},
};

use crate::cast::{
    HOME, NOW, OTHER, OWNER, WALL, ask, attempt, fill, granted, owner, send, server, sixteen_cores,
};

#[derive(Debug, Clone)]
enum Step {
    Ask {
        number: u8,
        attempt: u32,
        users: u32,
        ceiling_ppm: Option<u64>,
    },
    Cancel {
        number: u8,
        attempt: u32,
    },
    Created(usize),
    Failed(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..12u8, 1..4u32, 1..60u32, prop::option::of(0..1_000_000u64)).prop_map(
            |(number, attempt, users, ceiling_ppm)| Step::Ask { number, attempt, users, ceiling_ppm }
        ),
        2 => (0..12u8, 1..4u32).prop_map(|(number, attempt)| Step::Cancel { number, attempt }),
        4 => (0..20usize).prop_map(Step::Created),
        1 => (0..20usize).prop_map(Step::Failed),
        2 => (0..1_000u64).prop_map(Step::Wait),
    ]
}

fn member(number: u8) -> domain::id::MemberId {
    [OWNER, HOME, OTHER][usize::from(number) % 3]
}

proptest! {
    #[test]
    fn no_server_is_above_the_limit_and_no_meeting_is_told_to_exist_twice(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut admission = owner(2);
        let mut now = NOW;
        let mut pending: Vec<Ask> = Vec::new();
        let mut cancelled: Vec<AskId> = Vec::new();
        let mut live: BTreeMap<MeetingId, AskId> = BTreeMap::new();
        for step in steps {
            let input = match step {
                Step::Ask { number, attempt: turn, users, ceiling_ppm } => {
                    let ask = Ask {
                        member: member(number),
                        users,
                        prediction: Load::typical(users),
                        ceiling_ppm,
                        ..attempt(&ask(number), turn)
                    };
                    Input::Ask { ask, arrived: now, limit_ppm: 950_000 }
                }
                Step::Cancel { number, attempt: turn } => {
                    let ask = attempt(&ask(number), turn).id;
                    cancelled.extend((1..=turn).map(|attempt| AskId { attempt, ..ask }));
                    live.retain(|_, live| !cancelled.contains(live));
                    Input::Cancel { member: member(number), ask }
                }
                Step::Created(which) if !pending.is_empty() => {
                    let ask = pending.remove(which % pending.len());
                    Input::Created { member: ask.member, ask: ask.id }
                }
                Step::Failed(which) if !pending.is_empty() => {
                    let ask = pending.remove(which % pending.len());
                    Input::CreateFailed { member: ask.member, ask: ask.id }
                }
                Step::Wait(ms) => {
                    now = now.plus_ms(ms);
                    Input::Wake
                }
                Step::Created(_) | Step::Failed(_) => continue,
            };
            for output in admission.handle(now, WALL, input) {
                match output {
                    Output::Create { ask, .. } => {
                        prop_assert!(!cancelled.contains(&ask.id), "a cancelled attempt starts");
                        pending.push(ask);
                    }
                    Output::Created { ask, .. } => {
                        prop_assert!(!cancelled.contains(&ask), "a cancelled attempt succeeds");
                        let meeting = MeetingId([ask.request.0[0]; 32]);
                        let before = live.insert(meeting, ask);
                        prop_assert!(before.is_none(), "a second copy of a meeting");
                    }
                    Output::End { ask, .. } => live.retain(|_, live| *live != ask),
                    Output::Reply { .. } | Output::Failed { .. } | Output::WakeAt(_) => {}
                }
            }
            for (_, report) in admission.reports(now, WALL) {
                let full_ppm = report.load.utilisation_ppm(&sixteen_cores().capacity);
                prop_assert!(full_ppm <= 950_000, "{full_ppm}");
            }
        }
    }

    #[test]
    fn who_is_within_its_entitlement_is_never_refused_where_one_beyond_is_admitted(
        full_ppm in 0..1_000_000u64,
        users in 1..100u32,
        limit_ppm in 800_000..950_000u64,
    ) {
        let asked = Ask { users, prediction: Load::typical(users), ..ask(1) };
        let mut beyond = owner(1);
        fill(&mut beyond, 1, full_ppm);
        let mut within = beyond.clone();
        let input = Input::Ask { ask: asked.clone(), arrived: NOW, limit_ppm };
        let outputs = beyond.handle(NOW, WALL, input);
        if granted(&outputs) == Some(server(1)) {
            let answer = crate::cast::answer(&send(&mut within, NOW, asked));
            prop_assert!(matches!(answer, Answer::Acknowledged { .. }), "{answer:?}");
        }
    }
}
