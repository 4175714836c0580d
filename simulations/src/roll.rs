//! The members of a scenario, by name.

use crate::{
    member::Member,
    scenario::{Scenario, ScenarioError},
};

/// The members, those with a node first, and how many have one.
pub(crate) fn members(
    name: &str,
    scenario: &Scenario,
    seed: u64,
) -> Result<(Vec<Member>, usize), ScenarioError> {
    let mut with_node: Vec<Member> = Vec::new();
    let mut hosted: Vec<(Member, String)> = Vec::new();
    for lines in &scenario.member {
        for number in 0..lines.count.unwrap_or(1) {
            let own = match lines.count {
                Some(_) => format!("{}{}", lines.name, number + 1),
                None => lines.name.clone(),
            };
            let mut member = Member::new(seed, &own, &lines.class, lines.founder, 0);
            member.decided = lines.decided;
            match lines.homes.len() as u64 {
                0 => with_node.push(member),
                homes => hosted.push((member, lines.homes[(number % homes) as usize].clone())),
            }
        }
    }
    for (home, member) in with_node.iter_mut().enumerate() {
        member.home = home;
    }
    let homes = with_node.len();
    for (mut member, host) in hosted {
        let found = with_node[..homes].iter().find(|other| other.name == host);
        member.home = found.map(|host| host.home).ok_or(ScenarioError::Unknown {
            name: name.to_owned(),
            what: "home",
            found: host,
        })?;
        with_node.push(member);
    }
    Ok((with_node, homes))
}

/// The members that `by` names.
pub(crate) fn named(by: &str, members: &[Member]) -> Vec<usize> {
    let exact = members.iter().position(|member| member.name == by);
    if let Some(exact) = exact {
        return vec![exact];
    }
    let digits = by.find(|character: char| character.is_ascii_digit());
    let Some((prefix, range)) = digits.map(|at| by.split_at(at)) else {
        return Vec::new();
    };
    let Some((first, last)) = range.split_once('-') else {
        return Vec::new();
    };
    let (Ok(first), Ok(last)) = (first.parse::<u64>(), last.parse::<u64>()) else {
        return Vec::new();
    };
    let names = (first..=last).map(|number| format!("{prefix}{number}"));
    names
        .filter_map(|name| members.iter().position(|member| member.name == name))
        .collect()
}

/// Every name in a scenario must be a member's.
pub(crate) fn check_names(
    name: &str,
    scenario: &Scenario,
    members: &[Member],
) -> Result<(), ScenarioError> {
    let acts = scenario.act.iter();
    let by = acts
        .flat_map(|act| [Some(&act.by), act.on.as_ref(), act.whom.as_ref()])
        .flatten();
    let nodes = scenario
        .fault
        .iter()
        .flat_map(|fault| fault.nodes.iter().chain(&fault.from));
    let on = scenario.expect.iter().flat_map(|expect| &expect.on);
    match by
        .chain(nodes)
        .chain(on)
        .find(|by| named(by, members).is_empty())
    {
        None => Ok(()),
        Some(found) => Err(ScenarioError::Unknown {
            name: name.to_owned(),
            what: "member",
            found: found.clone(),
        }),
    }
}
