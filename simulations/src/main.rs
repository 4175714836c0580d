//! Runs simulated federations, plays scenarios, measures.

mod meetings_command;

use std::{
    collections::BTreeMap,
    process::{Command, ExitCode},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use clap::{Args, Parser, Subcommand};
use simulations::{
    Broken, Figures, MeetingScenario, Options, Report, SCENARIOS, about, bench, play, run,
};

/// Whole federations over virtual time, with faults and liars.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run seeds or play a scenario; exits with 1 if anything that must never happen happens.
    Run(Run),
    /// Measure how long votes take and how fast virtual time passes.
    Bench {
        /// Print only JSON.
        #[arg(long)]
        json: bool,
        /// The sizes of the federations; 200 nodes take minutes.
        #[arg(long, value_delimiter = ',', default_values_t = [12, 200])]
        nodes: Vec<usize>,
        /// Members of federations with a register, and after a slash how many of them validate.
        #[arg(long, value_delimiter = ',', value_parser = members_of_whom,
            default_values = ["4", "12", "40", "100/12"])]
        registers: Vec<(usize, usize)>,
        /// Leave out the virtual year.
        #[arg(long)]
        no_year: bool,
    },
    /// Play scenarios with meetings; exits with 1 if anything that must never happen happens.
    Meetings(meetings_command::Meetings),
    /// List the scenarios and the mistakes that can be put into the core.
    List,
}

#[derive(Debug, Args)]
struct Run {
    /// Play a scenario: its name, a file, or `all`.
    #[arg(long)]
    scenario: Option<String>,
    /// One seed.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// So many seeds.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many nodes; drawn from the seed if left out.
    #[arg(long, value_parser = clap::value_parser!(u64).range(4..=7))]
    nodes: Option<u64>,
    /// Run each seed again in another process and compare the traces.
    #[arg(long)]
    twice: bool,
    /// With a register.
    #[arg(long)]
    register: bool,
    /// Put a mistake into the core; then a failure is what is expected.
    #[arg(long)]
    broken: Option<Broken>,
    /// How many seeds run at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Print a line for each seed.
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    match Arguments::parse().task {
        Task::Run(arguments) => match arguments.scenario.clone() {
            Some(scenario) => play_all(&arguments, &scenario),
            None => run_seeds(&arguments),
        },
        Task::Bench {
            json,
            nodes,
            registers,
            no_year,
        } => print_figures(json, (&nodes, &registers), !no_year),
        Task::Meetings(arguments) => exit(arguments.play()),
        Task::List => {
            for (name, text) in SCENARIOS {
                let about = about(name, text).unwrap_or_else(|error| error.to_string());
                println!("{name:22} {about}");
            }
            for scenario in MeetingScenario::ALL {
                println!(
                    "meetings --scenario {:14} {}",
                    scenario.as_str(),
                    scenario.about()
                );
            }
            for broken in Broken::ALL {
                println!("--broken {broken}");
            }
            ExitCode::SUCCESS
        }
    }
}

fn seeds(arguments: &Run) -> std::ops::Range<u64> {
    match arguments.seed {
        Some(seed) => seed..seed + 1,
        None => arguments.from..arguments.from + arguments.seeds,
    }
}

fn commit() -> String {
    let output = Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .output();
    let text = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let text = text.map(|text| text.trim().to_owned()).unwrap_or_default();
    if text.is_empty() {
        "unknown".to_owned()
    } else {
        text
    }
}

fn print_failure(report: &Report, seed: u64, what: &str, arguments: &str) {
    let failure = report.failure.as_deref().unwrap_or("the traces differ");
    println!("FAILED commit {} seed {seed} {what}", commit());
    println!("  {failure}");
    println!(
        "  trace {}, {} messages, {} inputs",
        report.trace, report.messages, report.inputs
    );
    println!("  again: cargo run --release -p simulations -- run {arguments} --seed {seed}");
}

/// The trace of the same run in another process.
fn trace_of_another_process(arguments: &[String]) -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let trace = text.lines().find_map(|line| line.split("trace ").nth(1))?;
    Some(trace.split_whitespace().next()?.to_owned())
}

fn is_same_twice(arguments: &str, seed: u64, report: &Report) -> bool {
    let line = format!("run {arguments} --verbose --seed {seed}");
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    trace_of_another_process(&words).as_deref() == Some(&report.trace)
}

/// What a seed came to.
struct Ran {
    options: Options,
    report: Report,
    differs: bool,
}

fn run_seed(arguments: &Run, seed: u64) -> Ran {
    let nodes = arguments.nodes.map(|nodes| nodes as usize);
    let options = match arguments.register {
        true => Options::of_register(seed, nodes),
        false => Options::of(seed, nodes),
    };
    let report = run(&options, arguments.broken);
    let line = options_line(arguments);
    let differs = arguments.twice && !is_same_twice(&line, seed, &report);
    Ran {
        options,
        report,
        differs,
    }
}

fn options_line(arguments: &Run) -> String {
    let mut line = String::new();
    if let Some(nodes) = arguments.nodes {
        line += &format!("--nodes {nodes} ");
    }
    if arguments.register {
        line += "--register ";
    }
    if let Some(broken) = arguments.broken {
        line += &format!("--broken {broken} ");
    }
    line
}

/// Runs all seeds, several at once; what came of them is told in their order.
fn run_all(arguments: &Run, mut tell: impl FnMut(u64, Ran)) {
    let all = seeds(arguments);
    let next = AtomicU64::new(all.start);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            let (sender, next, end) = (sender.clone(), &next, all.end);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || sender.send((seed, run_seed(arguments, seed))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let (mut known, mut due) = (BTreeMap::new(), all.start);
        for (seed, ran) in receiver {
            known.insert(seed, ran);
            while let Some(ran) = known.remove(&due) {
                tell(due, ran);
                due += 1;
            }
        }
    });
}

fn run_seeds(arguments: &Run) -> ExitCode {
    let line = options_line(arguments);
    let (mut failed, mut ballots, mut inputs, mut virtual_ms) = (0, 0, 0, 0);
    let (mut times, mut heights) = (Vec::<u64>::new(), 0);
    run_all(arguments, |seed, ran| {
        let (options, report) = (ran.options, ran.report);
        ballots += report.ballots;
        inputs += report.inputs;
        virtual_ms += report.virtual_ms;
        heights += report.height;
        times.extend(&report.times_to_final_ms);
        if arguments.verbose {
            println!(
                "seed {seed} trace {} nodes {} entries {} ballots {} forks {} healed in {} ms{}",
                report.trace,
                options.nodes,
                report.entries,
                report.ballots,
                report.forks,
                report.healed_in_ms,
                of_register(&report)
            );
        }
        if report.failure.is_some() || ran.differs {
            failed += 1;
            print_failure(&report, seed, &format!("{options:?}"), &line);
        }
    });
    let number = seeds(arguments).count();
    let days = virtual_ms / 86_400_000;
    print!(
        "{number} seeds, {failed} failed, {ballots} ballots, {inputs} inputs, {days} virtual days"
    );
    times.sort_unstable();
    match times.get(times.len() / 2) {
        Some(median) => println!(
            ", {heights} heights, {} closings final in {} s (median)",
            times.len(),
            median / 1_000
        ),
        None => println!(),
    }
    exit(failed)
}

fn exit(failed: u32) -> ExitCode {
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn play_all(arguments: &Run, wanted: &str) -> ExitCode {
    let mut scenarios: Vec<(String, String)> = SCENARIOS
        .iter()
        .filter(|(name, _)| wanted == "all" || wanted == *name)
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    if scenarios.is_empty() {
        match std::fs::read_to_string(wanted) {
            Ok(text) => scenarios.push((wanted.to_owned(), text)),
            Err(error) => {
                eprintln!("{wanted}: neither a scenario (simulations list) nor a file: {error}");
                return ExitCode::from(2);
            }
        }
    }
    let mut failed = 0;
    for (name, text) in scenarios {
        for seed in seeds(arguments) {
            let report = match play(&name, &text, seed) {
                Ok(report) => report,
                Err(error) => {
                    eprintln!("{error}");
                    return ExitCode::from(2);
                }
            };
            let line = format!("--scenario {name}");
            let differs = arguments.twice && !is_same_twice(&line, seed, &report);
            if report.failure.is_some() || differs {
                failed += 1;
                print_failure(&report, seed, &name, &line);
            } else {
                println!(
                    "{name} seed {seed} passed, trace {}{}",
                    report.trace,
                    of_register(&report)
                );
            }
        }
    }
    exit(failed)
}

fn print_decisions(figures: &Figures) {
    if figures.decisions.is_empty() {
        return;
    }
    println!("members validators liars  final  messages       bytes entries switchable    took");
    for one in &figures.decisions {
        println!(
            "{:7} {:10} {:5} {:4} s {:9} {:11} {:7} {:10} {:5} ms{}",
            one.members,
            one.validators,
            one.liars,
            one.final_after_s,
            one.messages,
            one.bytes,
            one.entries,
            one.switchable,
            one.took_ms,
            one.failure.as_deref().unwrap_or_default()
        );
    }
}

/// What the register came to, where there was one.
fn of_register(report: &Report) -> String {
    let times = &report.times_to_final_ms;
    let (Some(median), Some(worst)) = (times.get(times.len() / 2), times.last()) else {
        return String::new();
    };
    let (height, (switchable, all)) = (report.height, report.switchable);
    format!(
        ", height {height}, {} closings final in {} s (worst {} s), {switchable} of {all} switchable",
        times.len(),
        median / 1_000,
        worst / 1_000
    )
}

fn members_of_whom(text: &str) -> Result<(usize, usize), String> {
    let (members, validators) = text.split_once('/').unwrap_or((text, text));
    let number = |text: &str| text.parse::<usize>().map_err(|error| error.to_string());
    let (members, validators) = (number(members)?, number(validators)?);
    match (1..=members).contains(&validators) {
        true => Ok((members, validators)),
        false => Err(format!("{validators} of {members} cannot validate")),
    }
}

fn print_figures(
    json: bool,
    (sizes, registers): (&[usize], &[(usize, usize)]),
    with_year: bool,
) -> ExitCode {
    let figures = bench(sizes, registers, with_year);
    if !json {
        println!("nodes  loss  votes  median   worst  messages/vote  bytes/vote/node");
        for vote in &figures.votes {
            println!(
                "{:5} {:4}% {:6} {:4} ms {:4} ms {:14} {:16}",
                vote.nodes,
                vote.loss_percent,
                vote.votes,
                vote.median_ms,
                vote.worst_ms,
                vote.messages_per_vote,
                vote.bytes_per_vote_and_node
            );
        }
        print_decisions(&figures);
        if let Some(year) = &figures.year {
            println!(
                "{} nodes, {} virtual days, {} entries: {} ms, {} node-days a second",
                year.nodes, year.days, year.entries, year.took_ms, year.node_days_per_second
            );
        }
    }
    match serde_json::to_string(&figures) {
        Ok(text) => println!("{text}"),
        Err(error) => eprintln!("{error}"),
    }
    ExitCode::SUCCESS
}
