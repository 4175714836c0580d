//! Votes of every sort, each over.

use domain::{
    charter::RuleName,
    decision::Choice::{self, Abstain, Agree, Block, Disagree, StandAside},
    effect::Effect,
    id::{PhaseId, Timestamp},
};
use register::{
    says::Act,
    testing::{HOUR_MS, History, OPENED, PROPOSED_TEXT, Sent},
};

pub const PRODUCERS: [&str; 4] = ["producer"; 4];
pub const MIXED: [&str; 7] = [
    "producer",
    "producer",
    "producer",
    "consumer",
    "consumer",
    "individual",
    "individual",
];

/// A vote that is over, with its name.
pub type Scene = (&'static str, History, PhaseId);

pub fn plain(rule: RuleName, classes: &[&str], says: &[(usize, Choice)]) -> (History, PhaseId) {
    let toml = "ballot.disagree-allowed = true";
    let mut history = History::new(classes, rule, toml);
    let opening = history.open(1, 1, None);
    history.close(&history.sent(says));
    (history, opening)
}

pub fn consent() -> Scene {
    let says = [(0, Agree), (1, StandAside), (3, Abstain)];
    let (history, opening) = plain(RuleName::Consent, &PRODUCERS, &says);
    ("consent", history, opening)
}

pub fn rejected() -> Scene {
    let says = [(0, Agree), (1, Disagree), (2, Disagree)];
    let (history, opening) = plain(RuleName::OneMemberOneVote, &PRODUCERS, &says);
    ("rejected", history, opening)
}

pub fn by_charter() -> Scene {
    let says = [
        (0, Agree),
        (1, Agree),
        (2, Agree),
        (3, Agree),
        (4, Agree),
        (5, Agree),
        (6, Disagree),
    ];
    let (history, opening) = plain(RuleName::Charter, &MIXED, &says[..6]);
    ("by charter", history, opening)
}

/// Somebody's two delegates say different things, and a class weighs more than its members.
pub fn class_weighted_with_conflict() -> Scene {
    let mut history = History::new(&MIXED, RuleName::ClassWeighted, "");
    let opening = history.open(1, 1, None);
    let mut sent = history.sent(&[(0, Agree), (1, Agree), (3, Agree), (5, Block), (6, Agree)]);
    sent.push(Sent::new(2, Agree, &[0, 1, 2]));
    sent.push(Sent::new(2, Abstain, &[2, 3, 4]));
    sent[5].witnesses = vec![0, 1];
    history.close(&sent);
    ("class-weighted with conflict", history, opening)
}

/// Too few vote at first; in the extension one votes again and one for the first time.
pub fn extended() -> Scene {
    let mut history = History::new(
        &PRODUCERS,
        RuleName::Consent,
        "rule.consent.quorum = [3, 4]",
    );
    let opening = history.open(1, 1, None);
    history.close(&history.sent(&[(0, Agree), (1, Abstain)]));
    let mut sent = history.sent(&[(1, Agree), (2, Agree)]);
    sent[0].revision = 2;
    history.close(&sent);
    ("extended", history, opening)
}

/// A block that comes late extends the vote; it stays blocked, and a fallback vote decides.
pub fn fallback_vote() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::ConsentThenVote, "");
    let opening = history.open(1, 1, None);
    let mut sent = history.sent(&[(0, Agree), (1, Agree), (2, Block)]);
    sent[2].after_ms = 7 * 24 * HOUR_MS - 60_000;
    history.close(&sent);
    history.close(&[]);
    history.close_answered(Act::CallVote);
    history.close(&history.sent(&[(0, Agree), (1, Agree), (2, Block), (3, Agree)]));
    ("fallback vote", history, opening)
}

/// The proposing member amends at once, in a batch; the amended version passes.
pub fn amended() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::ConsentThenVote, "");
    let opening = history.open(1, 1, None);
    history.close(&history.sent(&[(0, Agree), (2, Block)]));
    let act = history.amend(2);
    history.answer(act);
    history.close(&history.sent(&[(0, Agree), (1, Agree), (2, Agree)]));
    ("amended", history, opening)
}

pub fn lapsed() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::ConsentThenVote, "");
    let opening = history.open(1, 1, None);
    history.close(&history.sent(&[(0, Agree), (2, Block)]));
    history.close(&[]);
    ("lapsed", history, opening)
}

pub fn withdrawn() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::Consent, "");
    let opening = history.open(1, 1, None);
    history.withdraw();
    ("withdrawn", history, opening)
}

pub fn other_version() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::Consent, "");
    let opening = history.open(1, 1, None);
    history.open(1, 2, None);
    ("other version", history, opening)
}

/// Validators change before, during and with a vote; what is decided has an effect, and other heights
/// lie in between.
pub fn validators_change() -> Scene {
    let mut history = History::new(&MIXED, RuleName::OneMemberOneVote, "");
    history.renew(1);
    history.open(1, 1, None);
    history.renew(2);
    history.close(&history.sent(&[(0, Agree), (1, Agree)]));
    let member = history.beginning.begin.members[4].member;
    let effect = Effect::Expulsion { member };
    let opening = history.open(2, 2, Some(effect));
    history.renew(3);
    history.close(&history.sent(&[(0, Agree), (1, Agree), (2, Abstain), (4, Abstain)]));
    ("validators change", history, opening)
}

/// Its validators are too few for a week, and those of today hold the vote again.
pub fn stalled() -> Scene {
    let mut history = History::new(&PRODUCERS, RuleName::Consent, "");
    let opening = history.open(1, 1, None);
    history.renew(1);
    history.stall();
    history.close(&history.sent(&[(0, Agree), (1, Agree)]));
    ("stalled", history, opening)
}

const RECOVERED: Timestamp = Timestamp(OPENED.0 + 30 * 24 * HOUR_MS);

/// Half of the validators are gone for good during a vote, with another change of the set right before;
/// later those who remain are too few again.
pub fn recovered() -> Scene {
    let toml = "recovery.notice-seconds = 600";
    let mut history = History::new(&PRODUCERS, RuleName::ConsentThenVote, toml);
    let opening = history.open(1, 1, None);
    history.renew(1);
    history.recover(&[2, 3], RECOVERED);
    history.close(&history.sent(&[(0, Agree), (2, Block)]));
    history.recover(&[1], Timestamp(RECOVERED.0 + 30 * 24 * HOUR_MS));
    history.close(&[]);
    ("recovered", history, opening)
}

/// The same vote where nobody was gone.
pub fn not_recovered() -> Scene {
    let toml = "recovery.notice-seconds = 600";
    let mut history = History::new(&PRODUCERS, RuleName::ConsentThenVote, toml);
    let opening = history.open(1, 1, None);
    history.renew(1);
    history.close(&history.sent(&[(0, Agree), (2, Block)]));
    history.close(&[]);
    ("not recovered", history, opening)
}

/// A vote that is over before the register is recovered,
pub fn recovered_later() -> Scene {
    let says = [(0, Agree), (1, Agree)];
    let (history, opening) = plain(RuleName::Consent, &PRODUCERS, &says);
    ("recovered later", history, opening)
}

/// and one after it.
pub fn recovered_after(mut history: History) -> Scene {
    history.recover(&[0, 3], RECOVERED);
    let opening = history.open(2, 2, None);
    history.withdraw();
    ("recovered after", history, opening)
}

/// Recovered before there was any vote, and twice at one height, in a federation of several classes.
pub fn recovered_before() -> Scene {
    let mut history = History::new(&MIXED, RuleName::Charter, "");
    history.recover(&[0, 1], RECOVERED);
    history.recover(&[2], Timestamp(RECOVERED.0 + HOUR_MS));
    history.renew(0);
    let opening = history.open(1, 1, None);
    let says: Vec<(usize, Choice)> = (0..7).map(|voter| (voter, Agree)).collect();
    history.close(&history.sent(&says));
    ("recovered before", history, opening)
}

pub fn scenes() -> Vec<Scene> {
    vec![
        consent(),
        rejected(),
        by_charter(),
        class_weighted_with_conflict(),
        extended(),
        fallback_vote(),
        amended(),
        lapsed(),
        withdrawn(),
        other_version(),
        validators_change(),
        stalled(),
        recovered(),
        recovered_before(),
    ]
}

pub fn text_of((name, history, opening): &Scene) -> String {
    let shown = !matches!(*name, "rejected");
    let text = shown.then_some(PROPOSED_TEXT);
    let file = history.file(opening, text);
    file.unwrap_or_else(|error| panic!("{name}: {error:?}"))
        .to_json()
}

/// Files of which a whole quorum has signed what does not follow.
pub fn forged() -> Vec<Scene> {
    type Change = fn(&mut register::batch::Items);
    let closing: [(&'static str, Change); 6] = [
        ("another verdict", |items| {
            let rejected = domain::decision::Verdict::Rejected;
            items.closings[0].closing.outcome = register::outcome::Outcome::Decided(rejected);
            items.closings[0].motion = None;
        }),
        ("a ballot left out", |items| {
            drop(items.closings[0].closing.ballots.remove(0))
        }),
        ("a mandate left out", |items| {
            drop(items.closings[0].closing.mandates.remove(0))
        }),
        ("seals left out", |items| {
            items.closings[0].closing.seals.truncate(2)
        }),
        ("a manifest left out", |items| {
            drop(items.closings[0].closing.manifests.remove(1))
        }),
        ("another motion", |items| {
            items.closings[0].motion.as_mut().unwrap().title = "Another".to_owned();
        }),
    ];
    let forged = closing.into_iter().map(|(name, change)| {
        let (_, mut history, opening) = consent();
        history.forge(change);
        (name, history, opening)
    });
    forged.collect()
}
