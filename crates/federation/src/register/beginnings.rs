//! Founders who signed two beginnings of the register: as long as there is nothing but beginnings, nobody
//! can tell which one holds, and nodes stop. Once a quorum has decided height 2 after one of them, that one
//! holds, and the other is shown.

use std::collections::BTreeMap;

use register::{
    begin,
    chain::Chain,
    registrar::{Message, Record, Topic},
};

use crate::core::Core;

/// What is shown when founders signed two beginnings.
const TWO_BEGINNINGS: &str = "two different beginnings of the register are signed: nothing more becomes \
    final until the founders have settled which one holds";
/// What is shown where the others went on from a beginning when this node could not tell.
const LATE: &str = "this node had stopped at two beginnings of the register when the others went on from \
    one of them: it only observes until it is started again";

/// What of the beginnings is to be settled.
#[derive(Debug, Default)]
pub(super) struct Settling {
    /// Whether founders have signed something since that was looked at.
    is_stirred: bool,
    /// How much had been said about height 2 when this node stopped at two of them.
    stopped: Option<usize>,
    /// Whether it had been taking part in the register until then.
    had_office: bool,
    /// Whether it goes on from where others went on: it does not know what it signed of height 2.
    is_late: bool,
}

impl Settling {
    /// Founders have signed something.
    pub fn stir(&mut self) {
        self.is_stirred = true;
    }

    /// Whether this node signs nothing until it starts again.
    pub fn is_late(&self) -> bool {
        self.is_late
    }
}

impl Core {
    /// Stops where two beginnings are signed and nobody has gone on, and goes on where a quorum has.
    pub(super) fn settle_beginnings(&mut self) {
        let said = self.register.messages.get(&Topic::Height(2));
        let said = said.map_or(0, BTreeMap::len);
        let settling = &mut self.register.beginning;
        let is_stirred = std::mem::take(&mut settling.is_stirred);
        let has_more = settling.stopped.is_some_and(|before| before != said);
        let is_over = self.register.is_over && settling.stopped.is_none();
        let has_gone_on = self
            .register_chain()
            .is_some_and(|chain| chain.height() > 1);
        if is_over || has_gone_on || !(is_stirred || has_more) {
            return;
        }
        let begun: Vec<Chain> = self.begun().collect();
        if begun.len() < 2 {
            return;
        }
        let said_of_2 = self.register.messages.get(&Topic::Height(2));
        let said_of_2: Vec<&Message> = said_of_2.into_iter().flat_map(BTreeMap::values).collect();
        let is_followed = |one: &Chain| begin::is_followed(one, &said_of_2);
        let mut followed = begun.into_iter().filter(is_followed);
        match (followed.next(), followed.next()) {
            (Some(one), None) => self.go_on_from(one),
            _ => {
                self.register.beginning.had_office |= self.register.registrar.is_some();
                self.leave_office(TWO_BEGINNINGS);
                self.register.beginning.stopped = Some(said);
            }
        }
    }

    /// This is the beginning that holds.
    fn go_on_from(&mut self, begun: Chain) {
        let registrar = self.register.registrar.as_ref();
        if registrar.is_some_and(|one| one.chain().last() == begun.last()) {
            return;
        }
        let had_office = registrar.is_some() || self.register.beginning.had_office;
        let register = &mut self.register;
        // Of height 2 it may have signed something after the other one.
        let mut journal = register.journal.iter();
        let has_signed = journal.any(|one| matches!(one, Record::Agreement(_) | Record::Value(_)));
        let is_late = register.key.is_some() && (had_office || has_signed);
        register.beginning.is_late = is_late;
        register.beginning.stopped = None;
        register.trouble = is_late.then(|| LATE.to_owned());
        register.is_over = false;
        register.registrar = None;
        register.chain = Some(begun);
    }
}
