//! What a scenario expects to be shown and answered.

use federation::Core;

use register::phase::Phase;

use crate::{play::Play, roll::named, scenario::ExpectLine, world::World};

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

    fn expect_register(
        &self,
        world: &World,
        node: usize,
        (core, expect): (&Core, &ExpectLine),
    ) -> Result<(), String> {
        let Some(chain) = core.register_chain() else {
            return match (&expect.ending, expect.height, expect.validators) {
                (None, None, None) => Ok(()),
                _ => Err("the register has not begun".to_owned()),
            };
        };
        let height = chain.height();
        if expect.height.is_some_and(|expected| expected != height) {
            return Err(format!("the register is at height {height}"));
        }
        let epoch = chain.epoch();
        if expect.epoch.is_some_and(|expected| expected != epoch) {
            return Err(format!("the register is in epoch {epoch}"));
        }
        if let Some(expected) = &expect.trouble {
            let trouble = core.register_trouble().unwrap_or_default();
            if !trouble.contains(&**expected) || expected.is_empty() != trouble.is_empty() {
                return Err(format!("what keeps it from taking part: {trouble:?}"));
            }
        }
        let validators = chain.validators().sizes().all();
        if expect
            .validators
            .is_some_and(|expected| expected != validators)
        {
            return Err(format!("there are {validators} validators"));
        }
        let spoke = world
            .archive
            .as_ref()
            .and_then(|archive| archive.spoke.get(&node));
        if let (Some(since), Some(spoke)) = (expect.silent_since, spoke)
            && *spoke > since.0
        {
            return Err(format!("its validator spoke at {spoke} ms"));
        }
        if let Some(expected) = expect.contradicted {
            let found = world.contradicted().into_iter().map(|(key, _)| key);
            let found: std::collections::BTreeSet<_> = found.collect();
            if found.len() != expected {
                return Err(format!(
                    "{} validators contradicted themselves",
                    found.len()
                ));
            }
        }
        let proposal = self.proposals.get(&expect.proposal);
        let is_it = |phase: &&Phase| Some(&phase.proposal) == proposal;
        let phase = chain.phases().values().find(is_it);
        if let Some(expected) = &expect.ending {
            let ended = chain.decisions().iter();
            let mut ended = ended.filter(|((of, _), _)| Some(of) == proposal);
            let last = ended.next().and_then(|(_, decided)| decided.last());
            let word = match (phase, last) {
                (Some(_), _) => "open",
                (None, Some(decided)) => decided.ending.word(),
                (None, None) => "never opened",
            };
            if word != expected {
                return Err(format!("{} is {word} in the register", expect.proposal));
            }
        }
        if let (Some(expected), Some(phase)) = (&expect.waits_for, phase) {
            let expected = expected.iter().flat_map(|name| named(name, &world.members));
            let mut expected: Vec<_> = expected.map(|who| world.members[who].id()).collect();
            expected.sort_unstable();
            let found = world.waits_for(node, phase);
            if found != expected {
                return Err(format!("it waits for {} members", found.len()));
            }
        }
        Ok(())
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
        self.expect_register(world, node, (core, expect))?;
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
