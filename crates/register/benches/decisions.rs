//! What a decision costs: `cargo bench -p register --bench decisions [-- members…]`. Virtual time
//! from a deadline to the last node that has the result, messages and bytes from node to node, and
//! how many ballots a liar could still switch once honest validators have sealed.

// Of the simulation, only what this report needs is used.
#![allow(dead_code, clippy::unwrap_used)]

#[path = "../tests/registrar/act.rs"]
mod act;
#[path = "../tests/registrar/checks.rs"]
mod checks;
#[path = "../tests/registrar/items.rs"]
mod items;
#[path = "../tests/registrar/liars.rs"]
mod liars;
#[path = "../tests/registrar/links.rs"]
mod links;
#[path = "../tests/registrar/node.rs"]
mod node;
#[path = "../tests/registrar/options.rs"]
mod options;
#[path = "../tests/registrar/people.rs"]
mod people;
#[path = "../tests/registrar/random.rs"]
mod random;
#[path = "../tests/registrar/story.rs"]
mod story;
#[path = "../tests/registrar/world.rs"]
mod world;

use std::time::Instant;

use domain::charter::RuleName;
use node::Conduct;
use register::sizes::Sizes;
use world::{Setup, World};

const SEEDS: u64 = 50;

fn main() {
    let asked: Vec<usize> = std::env::args()
        .filter_map(|word| word.parse().ok())
        .collect();
    let sizes = if asked.is_empty() {
        vec![4, 12, 40]
    } else {
        asked
    };
    println!(
        "members | final after the deadline | messages | bytes | messages of a node | computed in"
    );
    for members in sizes {
        let begun = Instant::now();
        let mut setup = Setup::new(1, members);
        setup.duplicate_percent = 0;
        let (world, phase) = decide(setup);
        let (of, _) = &world.checks.closed[&phase];
        let height = world.chain().height();
        let times = world.checks.decided_at.iter();
        let last = times
            .filter(|((of, _), _)| *of == height)
            .map(|(_, time)| *time)
            .max();
        let seconds = (last.unwrap() - of.deadline.0) / 1_000;
        let (messages, bytes) = world.sent;
        println!(
            "{members} | {} min {} s | {messages} | {} MB | {} | {:.1} s",
            seconds / 60,
            seconds % 60,
            (bytes as f64 / 1e6 * 10.0).round() / 10.0,
            messages / members as u64,
            begun.elapsed().as_secs_f64()
        );
    }
    println!("members | liars | ballots switchable, all connected");
    for members in [4, 7] {
        let (mut switched, mut all) = (0, 0);
        let liars: Vec<usize> = (0..Sizes::of(members).faulty())
            .map(|liar| 2 * liar + 1)
            .collect();
        for seed in 1..=SEEDS {
            let conduct =
                [Conduct::LateManifest, Conduct::Backdater, Conduct::Twin][seed as usize % 3];
            let (world, phase) = decide(Setup::new(seed, members).with(conduct, &liars));
            let (some, voters) = options::switchable(&world, &phase);
            (switched, all) = (switched + some, all + voters);
        }
        println!("{members} | {} | {switched} of {all}", liars.len());
    }
}

/// A world with one vote in which everybody says something, decided.
fn decide(setup: Setup) -> (World, domain::id::PhaseId) {
    let mut world = World::new(setup);
    let voting = world.open(0, 1, RuleName::OneMemberOneVote, None);
    world.everybody_votes(voting, 0);
    world.settle();
    (world, voting.0)
}
