//! What a scenario expects to be shown and answered.

use federation::Core;

use crate::{play::Play, scenario::ExpectLine, world::World};

/// The name of the host in force of a member.
fn expect_host(world: &World, core: &Core, name: &str) -> Option<String> {
    let member = world.member_of_name(name)?;
    let hosted = core.view().hosted(&world.members[member].id())?;
    Some(core.view().member_name(&hosted.host?))
}

impl Play {
    /// Every act must have been answered as the scenario says.
    pub(crate) fn check_tickets(&mut self, world: &mut World) {
        self.learn(world);
        for (ticket, index, _) in &self.tickets {
            let line = &self.scenario.act[*index];
            let answer = world.ledger.done.get(ticket).map(|(_, result)| result);
            let what = match (answer, &line.refused) {
                (Some(Ok(_)), None) => continue,
                (Some(Err(refused)), Some(words)) if refused.to_string().contains(words) => {
                    continue;
                }
                (Some(Ok(_)), Some(words)) => format!("was not refused with {words:?}"),
                (Some(Err(refused)), _) => format!("was refused: {refused}"),
                (None, _) => "was not answered".to_owned(),
            };
            let what = format!("act {} ({:?} by {}) {what}", index + 1, line.what, line.by);
            world.fail(None, what);
        }
    }

    pub(crate) fn expect(&mut self, world: &mut World, index: usize) {
        self.learn(world);
        let expect = self.scenario.expect[index].clone();
        let on = match expect.on.is_empty() {
            true => world.honest(),
            false => self.nodes(world, &expect.on),
        };
        for node in on {
            if let Err(what) = self.expect_on(world, node, &expect) {
                world.fail(Some(node), format!("expectation {}: {what}", index + 1));
                return;
            }
        }
    }

    fn expect_on(&self, world: &World, node: usize, expect: &ExpectLine) -> Result<(), String> {
        let Some(core) = &world.nodes[node].core else {
            return Ok(());
        };
        let same = |what: &str, found: usize, expected: Option<usize>| match expected {
            Some(expected) if expected != found => {
                Err(format!("{found} {what} instead of {expected}"))
            }
            _ => Ok(()),
        };
        same("members", core.view().members.len(), expect.members)?;
        same("forks", core.replica().forks().len(), expect.forks)?;
        if let Some(name) = &expect.member {
            let host = expect_host(world, core, name);
            if host != expect.host {
                return Err(format!("{name} is hosted by {host:?}"));
            }
        }
        if !expect.document.is_empty() {
            let id = self.documents.get(&expect.document);
            let id = id.ok_or_else(|| format!("{} was never begun", expect.document))?;
            let text = world.document_at(node, id).text();
            let lacks = expect.says.iter().find(|words| !text.contains(&***words));
            let has = expect
                .says_not
                .iter()
                .find(|words| text.contains(&***words));
            if let Some(words) = lacks.or(has) {
                return Err(format!("{words:?} is not right in {text:?}"));
            }
        }
        if expect.proposal.is_empty() {
            return Ok(());
        }
        let id = self.proposals.get(&expect.proposal);
        let now = world.nodes[node].clock.show(world.now);
        let decision = id.and_then(|id| core.decision(id, now));
        let decision = decision.ok_or_else(|| format!("{} is not there", expect.proposal))?;
        let state = decision.state.as_str();
        if expect
            .state
            .as_deref()
            .is_some_and(|expected| expected != state)
        {
            return Err(format!("{} is {state}", expect.proposal));
        }
        let figures = decision.phase.as_ref().map(|phase| phase.outcome.figures);
        let figures = figures.unwrap_or_default();
        let left_out = decision
            .phase
            .as_ref()
            .map_or(0, |phase| phase.count.left_out.len());
        same("agree", figures.agree as usize, expect.agree)?;
        same("abstain", figures.abstain as usize, expect.abstain)?;
        same(
            "stand aside",
            figures.stand_aside as usize,
            expect.stand_aside,
        )?;
        same("block", figures.block as usize, expect.block)?;
        same("ballots counted", figures.cast as usize, expect.cast)?;
        same("eligible", figures.eligible as usize, expect.eligible)?;
        same("ballots left out", left_out, expect.left_out)
    }
}
