//! Which of the ranked servers is asked, and how much better the next is (placement, steps 6 and 9).

use crate::{
    Tier,
    place::{COMFORTABLE_PPM, Ranked},
    request::Request,
};

/// Moves the better of two servers of the first group, drawn by capacity, to the front and the other
/// behind it: when many homes choose at one time, the best of all draws all of them.
pub(crate) fn choose_of_two(order: &mut [Ranked], draws: [u64; 2]) {
    let Some(group) = order.first().map(Ranked::group) else {
        return;
    };
    let size = order
        .iter()
        .take_while(|ranked| ranked.group() == group)
        .count();
    if size < 3 {
        return;
    }
    let group = &mut order[..size];
    let first = draw(group, draws[0]);
    // What is drawn goes to the front, in place; the rest keeps its order.
    group[..=first].rotate_right(1);
    let second = 1 + draw(&group[1..], draws[1]);
    group[1..=second].rotate_right(1);
    if (group[1].score_ppm, group[1].server) < (group[0].score_ppm, group[0].server) {
        group.swap(0, 1);
    }
}

/// The place of one, drawn by capacity; the draw does not depend on the order of the slice.
fn draw(group: &[Ranked], draw: u64) -> usize {
    let mut by_id: Vec<usize> = (0..group.len()).collect();
    by_id.sort_unstable_by_key(|place| group[*place].server);
    let total: u128 = group.iter().map(|ranked| u128::from(ranked.weight)).sum();
    let mut left = u128::from(draw) % total.max(1);
    for place in &by_id {
        let weight = u128::from(group[*place].weight);
        if left < weight {
            return *place;
        }
        left -= weight;
    }
    0
}

/// Moves the server of the meeting's hold to the front (step 9).
pub(crate) fn hold_first(request: &Request, order: &mut [Ranked]) -> bool {
    let held = request
        .hold
        .and_then(|(held, _)| order.iter().position(|ranked| ranked.server == held));
    if let Some(place) = held {
        order[..=place].rotate_right(1);
    }
    held.is_some()
}

/// Beyond what score another server is better (step 6): that of the runner-up and this meeting's share
/// of the chosen server. Alone in its group, a comfortable server should stay comfortable.
pub(crate) fn ceiling_ppm(order: &[Ranked]) -> Option<u64> {
    let chosen = order.first()?;
    match order
        .get(1)
        .filter(|runner_up| runner_up.group() == chosen.group())
    {
        // Not below what the chosen one would have by this very view.
        Some(runner_up) => Some(
            runner_up
                .plain_ppm
                .max(chosen.plain_ppm)
                .saturating_add(chosen.room_ppm),
        ),
        None => (chosen.tier == Tier::A).then_some(COMFORTABLE_PPM),
    }
}
