//! Renders every page with invented data into a folder, to look at and to test.
//!
//! `cargo run -p web --example gallery -- <folder>`, then serve the folder over HTTP: pages refer
//! to `/assets/…`.

mod circles;
mod meet;
mod meetings;
mod members;
mod others;
mod recovery;
mod register;
mod rooms;
mod sample;
mod writing;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use web::pages::assets::ASSETS;
use web::pages::decision::{self, Forms};
use web::pages::form::Filled;
use web::pages::frame::Done;
use web::pages::parts::Outcome;

/// Every page: its file's name and its document.
fn pages() -> Vec<(&'static str, String)> {
    let mut pages = decisions();
    let others = others::pages().into_iter().chain(writing::pages());
    let others = others.chain(register::pages()).chain(recovery::pages());
    let others = others.chain(meet::pages());
    let others = others.chain(meetings::pages()).chain(rooms::pages());
    pages.extend(others.map(|(name, page)| (name, page.into_string())));
    pages.sort_by_key(|(name, _)| *name);
    pages
}

fn decisions() -> Vec<(&'static str, String)> {
    let show = |view, forms: &Forms| {
        decision::page(&sample::frame("/decide/x"), view, forms).into_string()
    };
    let plain = Forms::default();
    let wrong = Forms {
        vote: Filled::from_pairs([("choice", "block"), ("reason", "Too short"), ("aim", "2")])
            .with_error(
                "reason",
                "Say in at least 20 characters what would be harmed.",
            ),
        ..Forms::default()
    };
    let withdrawing = Forms {
        withdraw: Filled::from_pairs([("reason", "")]).with_error("reason", "Say why."),
        ..Forms::default()
    };
    let mut done = sample::frame("/decide/x");
    done.done = Some(Done::Voted);
    let changing = Forms {
        change: true,
        ..Forms::default()
    };
    vec![
        ("decision-voting", show(&sample::voting(), &plain)),
        ("decision-proposer", show(&sample::proposer(), &withdrawing)),
        ("decision-wrong", show(&sample::voting(), &wrong)),
        (
            "decision-voted",
            decision::page(&done, &sample::voted(), &plain).into_string(),
        ),
        ("decision-changing", show(&sample::voted(), &changing)),
        (
            "decision-deliberation",
            show(&sample::deliberation(), &plain),
        ),
        (
            "decision-blocked",
            show(&sample::closed(Outcome::Blocked), &plain),
        ),
        (
            "decision-passed",
            show(&sample::closed(Outcome::Passed), &plain),
        ),
        (
            "decision-no-quorum",
            show(&sample::closed(Outcome::NoQuorum), &plain),
        ),
        (
            "decision-rejected",
            show(&sample::closed(Outcome::Rejected), &plain),
        ),
        ("decision-integration", show(&sample::integration(), &plain)),
        ("decision-mediated", show(&sample::mediated(), &plain)),
        ("decision-weighted", show(&sample::weighted(), &plain)),
        ("decision-withdrawn", show(&sample::withdrawn(), &plain)),
        (
            "decision-archived",
            decision::archived(&sample::visitor("/archive/x"), &sample::voting()).into_string(),
        ),
    ]
}

fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("assets"))?;
    for asset in ASSETS {
        fs::write(
            folder.join(asset.path.trim_start_matches('/')),
            asset.content,
        )?;
    }
    for (name, page) in pages() {
        fs::write(folder.join(format!("{name}.html")), page)?;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let folder = env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("target/gallery"), PathBuf::from);
    write(&folder)?;
    println!("{}", folder.display());
    Ok(())
}

#[cfg(test)]
mod tests;
