//! The command that plays scenarios with meetings and prints what came of them.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use clap::Args;
use simulations::{
    MeetingFigures, MeetingReport, MeetingScenario, baselines, play_meetings, together,
};

/// Plays scenarios with meetings.
#[derive(Debug, Args)]
pub struct Meetings {
    /// Which: a name (see `list`), several with commas, or `all`.
    #[arg(long, default_value = "day")]
    scenario: String,
    /// So many seeds.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// One seed.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many seeds run at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Print a line for each seed.
    #[arg(long)]
    verbose: bool,
    /// Place the same meetings by simple policies as well.
    #[arg(long)]
    baselines: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Meetings {
    /// Plays, prints, and says how many seeds failed.
    pub fn play(&self) -> u32 {
        let wanted = |scenario: &&MeetingScenario| {
            let mut names = self.scenario.split(',');
            self.scenario == "all" || names.any(|name| name == scenario.as_str())
        };
        let scenarios: Vec<MeetingScenario> = MeetingScenario::ALL
            .iter()
            .filter(wanted)
            .copied()
            .collect();
        if scenarios.is_empty() {
            eprintln!(
                "{} is no scenario with meetings (simulations list)",
                self.scenario
            );
            return 1;
        }
        if !self.json {
            println!("{HEAD}");
        }
        scenarios
            .into_iter()
            .map(|scenario| self.play_one(scenario))
            .sum()
    }

    fn seeds(&self) -> Vec<u64> {
        match self.seed {
            Some(seed) => vec![seed],
            None => (self.from..self.from + self.seeds).collect(),
        }
    }

    fn play_one(&self, scenario: MeetingScenario) -> u32 {
        let began = Instant::now();
        let (mut failed, mut reports, mut peaks) = (0, Vec::new(), Vec::new());
        let mut remarks: BTreeMap<String, u64> = BTreeMap::new();
        for (seed, report) in self.play_seeds(scenario) {
            if let Some(failure) = &report.failure {
                failed += 1;
                println!("FAILED {scenario} seed {seed}: {failure}");
                println!(
                    "  again: cargo run --release -p simulations -- meetings --scenario {scenario} --seed {seed} --verbose"
                );
            }
            if self.verbose {
                println!(
                    "{}  seed {seed} trace {}",
                    line(scenario.as_str(), &report.figures),
                    report.trace
                );
            }
            for (what, count) in &report.remarks {
                *remarks.entry(what.clone()).or_default() += count;
            }
            peaks.push(report.figures.peak_rooms);
            reports.push(report);
        }
        let figures = together(reports);
        if self.json {
            match serde_json::to_string(&(scenario, &figures)) {
                Ok(text) => println!("{text}"),
                Err(error) => eprintln!("{error}"),
            }
            return failed;
        }
        println!(
            "{}  {} s",
            line(scenario.as_str(), &figures),
            began.elapsed().as_secs()
        );
        if figures.peak_rooms > 0 {
            print_peaks(&mut peaks, &figures);
        }
        if self.verbose {
            for (what, count) in remarks {
                println!("    {what}: {count}");
            }
        }
        if self.baselines {
            for (baseline, figures) in baselines(scenario, &self.seeds()) {
                println!("{}", line(&format!("  {baseline}"), &figures));
            }
        }
        failed
    }

    /// All seeds, several at once, in their order.
    fn play_seeds(&self, scenario: MeetingScenario) -> Vec<(u64, MeetingReport)> {
        let seeds = self.seeds();
        let next = AtomicU64::new(0);
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                let (sender, next, seeds) = (sender.clone(), &next, &seeds);
                scope.spawn(move || {
                    while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize)
                    {
                        if sender
                            .send((*seed, play_meetings(scenario, *seed)))
                            .is_err()
                        {
                            break;
                        }
                    }
                });
            }
        });
        drop(sender);
        let mut all: Vec<(u64, MeetingReport)> = receiver.into_iter().collect();
        all.sort_by_key(|(seed, _)| *seed);
        all
    }
}

const HEAD: &str = "scenario                  creates  reject%  avoid%  right%  over%  watch%  in%   beyond%  \
    create p50/p95/p99/max ms   join p50/p99/max  copies orphans hung  lost back after-s faults dead";

fn percent(ppm: u64) -> String {
    format!("{}.{:02}", ppm / 10_000, ppm % 10_000 / 100)
}

fn line(name: &str, figures: &MeetingFigures) -> String {
    let [p50, p95, p99, most] = figures.create_ms;
    let [join50, _, join99, join_most] = figures.join_ms;
    format!(
        "{name:25} {:7}  {:>7} {:>7} {:>7} {:>6} {:>7} {:>5} {:>8}  {p50:6}/{p95}/{p99}/{most:<10} \
         {join50:6}/{join99}/{join_most:<6} {:6} {:7} {:4} {:5} {:4} {:7} {:6} {:4}",
        figures.creates,
        percent(figures.rejected_ppm),
        percent(figures.avoidable_ppm),
        percent(figures.right_region_ppm),
        percent(figures.overloaded_ppm),
        percent(figures.watched_ppm),
        percent(figures.within_ppm),
        percent(figures.beyond_ppm),
        figures.copies,
        figures.orphans,
        figures.hung,
        figures.lost,
        figures.resumed,
        figures.resumed_ms / 1_000,
        figures.join_faults,
        figures.dead_links,
    )
}

fn print_peaks(peaks: &mut [u64], figures: &MeetingFigures) {
    peaks.sort_unstable();
    let at = |percent: usize| peaks[(peaks.len() * percent / 100).min(peaks.len() - 1)];
    let mean_tenths = peaks.iter().sum::<u64>() * 10 / peaks.len() as u64;
    println!(
        "    most rooms on one server: mean {}.{}, p95 {}, worst {}; fullest to ideal {} %",
        mean_tenths / 10,
        mean_tenths % 10,
        at(95),
        at(100),
        percent(figures.peak_to_ideal_ppm),
    );
}
