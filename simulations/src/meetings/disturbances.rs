//! What goes wrong in each scenario, and when.

use crate::{
    meetings::{
        happening::Disturbance,
        machine::Mood,
        scenario::MeetingScenario,
        workload::{MEMBERS, REGIONS, Site},
    },
    options::{HOUR, MINUTE},
    random::Random,
};

/// Longer than any scenario.
const NEVER_MS: u64 = 100 * HOUR;

impl MeetingScenario {
    pub(super) fn disturbances(
        self,
        random: &mut Random,
        sites: &[Site],
    ) -> Vec<(u64, Disturbance)> {
        let mut all = Vec::new();
        let third: Vec<usize> = (0..sites.len()).filter(|_| random.below(3) == 0).collect();
        match self {
            Self::RegionLost => {
                for (machine, site) in sites.iter().enumerate() {
                    if site.region == 2 {
                        all.push((HOUR, Disturbance::Mood(machine, Mood::Fails)));
                        all.push((HOUR, Disturbance::Forget(machine)));
                    }
                }
                let there = (0..MEMBERS).filter(|member| member % REGIONS.len() == 2);
                all.extend(there.map(|node| (HOUR, Disturbance::Crash(node))));
            }
            Self::Partition => partition(random, &mut all),
            Self::OwnerHangs => {
                silence(HOUR - MINUTE, &mut all);
                all.push((HOUR + 9 * MINUTE, Disturbance::Heal));
            }
            Self::OwnerAway => {
                all.push((HOUR - MINUTE, Disturbance::Crash(5)));
                all.push((HOUR + 9 * MINUTE, Disturbance::Start(5)));
            }
            Self::ServerHangs => {
                for machine in third {
                    let at = HOUR / 2 + random.below(HOUR);
                    match random.below(3) {
                        0 => all.push((at, Disturbance::Mood(machine, Mood::Hangs))),
                        1 => all.push((at, Disturbance::Mood(machine, Mood::Fails))),
                        _ => all.push((at, Disturbance::Forget(machine))),
                    }
                    let again = at + 5 * MINUTE;
                    all.push((again, Disturbance::Mood(machine, Mood::Well)));
                }
            }
            Self::Late => {
                for machine in third {
                    let late = Mood::Late(random.between(1_200, 4_000));
                    all.push((HOUR / 2, Disturbance::Mood(machine, late)));
                    let again = HOUR + random.below(HOUR);
                    all.push((again, Disturbance::Mood(machine, Mood::Well)));
                }
            }
            Self::Clocks => {
                for _ in 0..60 {
                    let (at, node) = (random.below(3 * HOUR), random.below(MEMBERS as u64));
                    let by = random.exponential(2 * HOUR) as i64;
                    let by = if random.coin() { by } else { -by };
                    all.push((at, Disturbance::Jump(node as usize, by)));
                }
            }
            Self::Restarts => {
                for _ in 0..40 {
                    let at = MINUTE + random.below(3 * HOUR);
                    let node = random.below(MEMBERS as u64) as usize;
                    let back = at + random.between(2_000, 60_000);
                    all.push((at, Disturbance::Crash(node)));
                    all.push((back, Disturbance::Start(node)));
                }
            }
            _ => {}
        }
        all
    }
}

/// Two owners that say nothing, though they seem connected.
pub(super) fn silence(at: u64, all: &mut Vec<(u64, Disturbance)>) {
    for silent in [3, 8] {
        for other in (0..MEMBERS).filter(|other| *other != silent) {
            all.push((at, Disturbance::Cut(silent, other, NEVER_MS)));
        }
    }
}

/// Pairs are cut for moments, so that every phase of some create is hit; then half from half.
fn partition(random: &mut Random, all: &mut Vec<(u64, Disturbance)>) {
    let mut at = 5 * MINUTE;
    while at < HOUR - MINUTE {
        let one = random.below(MEMBERS as u64) as usize;
        let other = random.below(MEMBERS as u64) as usize;
        let lasts = random.between(200, 12_000);
        if one != other {
            let breaks = random.between(300, 20_000);
            all.push((at, Disturbance::Cut(one, other, breaks)));
            all.push((at + lasts, Disturbance::Mend(one, other)));
        }
        at += random.between(300, 3_000);
    }
    for one in 0..MEMBERS / 2 {
        for other in MEMBERS / 2..MEMBERS {
            let breaks = random.between(10_000, 40_000);
            all.push((HOUR, Disturbance::Cut(one, other, breaks)));
        }
    }
    all.push((HOUR + 10 * MINUTE, Disturbance::Heal));
}
