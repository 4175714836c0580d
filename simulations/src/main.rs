//! Runs simulated federations.

use clap::Parser;
use simulations::{Broken, Options, run};

#[derive(Debug, Parser)]
struct Arguments {
    #[arg(long, default_value_t = 0)]
    from: u64,
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    #[arg(long)]
    nodes: Option<usize>,
    #[arg(long)]
    broken: Option<Broken>,
    #[arg(long)]
    honest: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let mut failed = 0;
    for seed in arguments.from..arguments.from + arguments.seeds {
        let mut options = Options::of(seed, arguments.nodes);
        if arguments.honest {
            options.lies.clear();
        }
        let report = run(&options, arguments.broken);
        failed += u32::from(report.failure.is_some());
        println!("{seed} {report:?}");
        if let Some(failure) = report.failure {
            println!("{options:?}\nFAILED {failure}");
        }
    }
    println!("{failed} failed");
}
