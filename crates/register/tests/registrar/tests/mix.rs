//! A drawn mix of all that may go wrong at once, then a time in which what is broken stays broken
//! and the rest must decide.

use domain::{charter::RuleName, effect::Effect};

use crate::{
    node::Conduct,
    random::Random,
    story::each_seed,
    world::{DAY_MS, Event, HOUR_MS, MINUTE_MS, SECOND_MS, Setup, World},
};

const LIARS: [Conduct; 9] = [
    Conduct::Twin,
    Conduct::DoubleVoter,
    Conduct::Backdater,
    Conduct::Withholder,
    Conduct::Censor,
    Conduct::BadProposer,
    Conduct::EmptyManifest,
    Conduct::LateManifest,
    Conduct::Flood,
];

fn drawn(random: &mut Random, seed: u64) -> Setup {
    let members = [4, 4, 5, 7][random.below(4) as usize];
    let mut setup = Setup::new(seed, members);
    let faulty = register::sizes::Sizes::of(members).faulty();
    let mut nodes: Vec<usize> = (0..members).collect();
    random.shuffle(&mut nodes);
    for liar in nodes.iter().take(faulty) {
        let conduct = LIARS[random.below(LIARS.len() as u64) as usize];
        setup.conducts.push((*liar, conduct));
    }
    setup.newcomers = 1;
    // Each sort of fault is left out in half of all worlds.
    let mut maybe = |most: u64| {
        if random.chance(50) {
            random.below(most) + 1
        } else {
            0
        }
    };
    setup.loss_percent = maybe(30);
    setup.duplicate_percent = maybe(30);
    setup.crash_percent = maybe(10);
    setup.skew_ms = maybe(30 * SECOND_MS);
    setup
}

/// Cuts, absences and clocks over two days.
fn trouble(world: &mut World, random: &mut Random) {
    let (start, nodes) = (world.now, world.nodes.len() as u64);
    for _ in 0..random.below(12) {
        let time = start + random.below(2 * DAY_MS);
        let end = time + random.below(12 * HOUR_MS);
        let [one, other] = [random.below(nodes) as usize, random.below(nodes) as usize];
        match random.below(4) {
            0 => {
                world.at(time, Event::Down(one));
                world.at(end, Event::Up(one));
            }
            1 => world.at(time, Event::Cut(vec![(one, other)])),
            2 => {
                let links = (0..nodes as usize).filter(|node| *node != one);
                let links = links.flat_map(|node| [(one, node), (node, one)]).collect();
                world.at(time, Event::Cut(links));
            }
            _ => {
                let skew_ms = random.below(20 * MINUTE_MS) as i64;
                world.at(time, Event::Clock(one, skew_ms));
                world.at(end, Event::Clock(one, 0));
            }
        }
        if random.chance(50) {
            world.at(end, Event::Heal);
        }
    }
}

#[test]
fn whatever_is_drawn_nothing_is_lost_and_in_the_end_all_is_decided() {
    each_seed("whatever_is_drawn", &[1, 4, 5, 6], |seed| {
        let mut random = Random::of(seed, "mix");
        let setup = drawn(&mut random, seed);
        println!("seed {seed}: {setup:?}");
        let mut world = World::new(setup);
        let newcomer = world.setup.members;
        for number in 1..=3 {
            let proposer = random.below(newcomer as u64) as usize;
            let applicant = world.federation.applicant(world.chain(), newcomer);
            let effect = (number == 1).then_some(Effect::Admission(applicant));
            let voting = world.open(proposer, number, RuleName::ConsentThenVote, effect);
            if world.chain().phases().contains_key(&voting.0) {
                world.everybody_votes(voting, 8);
            }
        }
        trouble(&mut world, &mut random);
        world.run(world.now + 3 * DAY_MS);
        world.assert_sound();
        // From here on everybody is up, every link carries, no disk fails.
        world.setup.crash_percent = 0;
        for node in 0..world.nodes.len() {
            world.after(0, Event::Up(node));
            world.after(0, Event::Clock(node, 0));
        }
        world.after(0, Event::Heal);
        world.run(world.now + HOUR_MS);
        world.settle();
        world.assert_quiet();
    });
}
