//! Counting and judging ballots, and the power of voters: `cargo bench -p domain`.
//!
//! A hundred thousand ballots are those of the largest electorate, each voter having voted ten times
//! under two mandates. Power is that of five hundred members in the three classes of the default
//! charter; the ratio printed at the end is that of ten times as many ballots.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use domain::{
    charter::{Charter, ClassId, RuleName},
    decision::{Cast, Choice, ELECTORATE_MAX, Electorate, Slot, Voter, Voting, extensions, power},
    id::{EntryId, Hash, MemberId, Timestamp},
};

const BALLOTS_EACH: usize = 10;
const VERSION: Hash = Hash([7; 32]);
const OPENED: Timestamp = Timestamp(1_800_000_000_000);
const PERIOD_MS: u64 = 7 * 86_400_000;
const CLASSES: [&str; 3] = ["producer", "consumer", "individual"];
/// How the five hundred are spread: evenly is the most cases to go through.
const MEMBERS: [(&str, u64); 3] = [("consumer", 167), ("individual", 167), ("producer", 166)];

struct Vote {
    charter: Charter,
    electorate: Electorate,
    casts: Vec<Cast>,
}

fn member(number: usize) -> MemberId {
    MemberId(Hash::of(&[&number.to_be_bytes()]).0)
}

/// So many voters of three classes, who vote ten times each and mostly agree in the end.
fn vote(voters: usize) -> Vote {
    let voter = |number: usize| Voter {
        member: member(number),
        class: CLASSES[number % 3].parse().unwrap(),
    };
    let cast = |number: usize| {
        let (voter, turn) = (number % voters, number / voters);
        let slot = Slot {
            mandate: 1 + turn as u64 / 8,
            revision: 1 + turn as u8 % 8,
        };
        let choice = match number % 11 {
            0 => Choice::Abstain,
            1 => Choice::Block,
            _ => Choice::Agree,
        };
        Cast {
            member: member(voter),
            slot,
            ballot: EntryId(Hash::of(&[b"ballot", &number.to_be_bytes()]).0),
            choice,
            version: VERSION,
            time: OPENED.plus_seconds(60 + turn as u64),
        }
    };
    Vote {
        charter: Charter::default(),
        electorate: Electorate::new((0..voters).map(voter)).unwrap(),
        casts: (0..voters * BALLOTS_EACH).map(cast).collect(),
    }
}

fn tally(vote: &Vote, rule: RuleName) {
    let (late_block_ms, extension_ms) = extensions(PERIOD_MS, &vote.charter);
    let voting = Voting {
        rule,
        charter: &vote.charter,
        electorate: &vote.electorate,
        version: VERSION,
        opened: OPENED,
        deadline: OPENED.plus_ms(PERIOD_MS),
        late_block_ms,
        extension_ms,
        fallback: false,
    };
    black_box(voting.follow(&vote.casts, OPENED.plus_ms(10 * PERIOD_MS)));
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let large = vote(ELECTORATE_MAX);
    let mut group = criterion.benchmark_group("tally");
    group.sample_size(10);
    group.throughput(Throughput::Elements(large.casts.len() as u64));
    for rule in RuleName::ALL {
        let id = BenchmarkId::new(rule.as_str(), large.casts.len());
        group.bench_function(id, |bencher| bencher.iter(|| tally(&large, rule)));
    }
    group.finish();

    let voters: BTreeMap<ClassId, u64> = MEMBERS
        .into_iter()
        .map(|(class, size)| (class.parse().unwrap(), size))
        .collect();
    let charter = Charter::default();
    let mut group = criterion.benchmark_group("power");
    group.sample_size(10);
    for rule in RuleName::ALL {
        let id = BenchmarkId::new(rule.as_str(), 500);
        group.bench_function(id, |bencher| {
            bencher.iter(|| black_box(power(rule, &charter, &voters)));
        });
    }
    group.finish();
    criterion.final_summary();
    ratio(&large, &vote(ELECTORATE_MAX / 10));
}

/// Prints what ten times the ballots cost, measured in turns so that a busy machine slows both.
fn ratio(large: &Vote, small: &Vote) {
    let mut ratios: Vec<f64> = (0..9)
        .map(|_| {
            let start = Instant::now();
            tally(small, RuleName::ClassWeighted);
            let few = start.elapsed();
            let start = Instant::now();
            tally(large, RuleName::ClassWeighted);
            start.elapsed().as_secs_f64() / few.as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "{} ballots take {:.1} times as long as {} (median of 9)",
        large.casts.len(),
        ratios[4],
        small.casts.len()
    );
}
