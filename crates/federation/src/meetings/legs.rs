//! Calls under way: what each waits for, and what it came to.
//!
//! A call has one *leg* for each server that is to answer: to this node's own server, or to a node of
//! its owner. What comes back in parts is put together, and given to whoever called when the last leg
//! has ended or time is over.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    id::{ServerId, TenantId},
    key::PublicKey,
    record::Room,
};
use routing::Monotonic;

use super::{
    call::{Call, CallFault, Method, Terms},
    rooms::Key,
};

/// Calls that may be under way at one time.
pub const CALLS_MAX: usize = 4_096;
/// Calls of one front end, or of one other node, that may be under way at one time: nobody keeps the rest
/// from being answered.
pub const CALLS_OF_ONE_MAX: usize = 256;
/// The most bytes that one call comes to.
pub const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This node's gateway, with its ticket.
    Here(u64),
    /// A node, with its number.
    Peer(PublicKey, u64),
}

/// Whose calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Caller {
    FrontEnd(TenantId),
    Node(PublicKey),
}

impl Caller {
    fn of(origin: Origin, tenant: TenantId) -> Self {
        match origin {
            Origin::Here(_) => Self::FrontEnd(tenant),
            Origin::Peer(node, _) => Self::Node(node),
        }
    }
}

/// What one server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The server; none where none was asked.
    pub server: Option<ServerId>,
    /// What it said, or why there is nothing.
    pub result: Result<Vec<u8>, CallFault>,
}

impl Part {
    /// Nothing came of it, and no server was asked.
    #[must_use]
    pub fn fault(fault: CallFault) -> Self {
        Self {
            server: None,
            result: Err(fault),
        }
    }
}

/// What a call is about.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whose.
    pub tenant: TenantId,
    /// The room; none where it is about all of a tenant's.
    pub room: Option<Room>,
    /// Where a meeting that it creates may go.
    pub terms: Option<Box<Terms>>,
    /// The call.
    pub call: Call,
}

impl Asked {
    /// Whether it fits into a message.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.call.fits() && self.terms.as_ref().is_none_or(|terms| terms.fits())
    }
}

#[derive(Debug)]
struct Under {
    origin: Origin,
    asked: Asked,
    legs: BTreeSet<u64>,
    parts: Vec<Part>,
    bytes: usize,
}

#[derive(Debug)]
struct Leg {
    call: u64,
    /// The node that is to answer; none: this node's own server.
    to: Option<PublicKey>,
    server: Option<ServerId>,
    /// Nodes of the same owner that may be asked next.
    others: Vec<PublicKey>,
    parts: Vec<Part>,
    until: Monotonic,
}

/// A call that ended.
#[derive(Debug)]
pub struct Ended {
    /// Who called.
    pub origin: Origin,
    /// What for.
    pub asked: Asked,
    /// What each server said.
    pub parts: Vec<Part>,
}

/// A leg that ended without an answer, and the node to ask next.
#[derive(Debug)]
pub struct Again {
    /// The leg's new number.
    pub number: u64,
    /// Whom to ask.
    pub to: PublicKey,
    /// The server.
    pub server: Option<ServerId>,
    /// What to ask.
    pub asked: Asked,
}

/// What follows when a leg comes to nothing.
enum Next {
    Again(Again),
    Ended(Ended),
}

/// The calls under way.
#[derive(Debug, Default)]
pub struct Calls {
    next: u64,
    calls: BTreeMap<u64, Under>,
    /// How many each caller has.
    of: BTreeMap<Caller, usize>,
    legs: BTreeMap<u64, Leg>,
    due: BTreeSet<(Monotonic, u64)>,
}

impl Calls {
    /// Whether no further call is taken for now from there.
    #[must_use]
    pub fn is_full(&self, origin: Origin, tenant: TenantId) -> bool {
        let of = self.of.get(&Caller::of(origin, tenant));
        self.calls.len() >= CALLS_MAX || of.is_some_and(|count| *count >= CALLS_OF_ONE_MAX)
    }

    /// How many legs wait for a node.
    #[must_use]
    pub fn waiting_for(&self, peer: &PublicKey) -> usize {
        let waits = |leg: &&Leg| leg.to == Some(*peer);
        self.legs.values().filter(waits).count()
    }

    /// A call begins; its legs follow.
    pub fn begin(&mut self, origin: Origin, asked: Asked) -> u64 {
        let number = self.number();
        *self.of.entry(Caller::of(origin, asked.tenant)).or_default() += 1;
        let under = Under {
            origin,
            asked,
            legs: BTreeSet::new(),
            parts: Vec::new(),
            bytes: 0,
        };
        self.calls.insert(number, under);
        number
    }

    /// The server that a leg asks.
    #[must_use]
    pub fn server_of(&self, leg: u64) -> Option<ServerId> {
        self.legs.get(&leg)?.server
    }

    /// The meeting and the server, where a leg asks a server to end one.
    #[must_use]
    pub fn ending(&self, leg: u64) -> Option<(Key, ServerId)> {
        let leg = self.legs.get(&leg)?;
        let asked = &self.calls.get(&leg.call)?.asked;
        let key = (asked.tenant, asked.room?);
        (asked.call.method == Method::End).then_some((key, leg.server?))
    }

    /// A leg of a call begins; returns its number.
    pub fn leg(
        &mut self,
        call: u64,
        to: Option<PublicKey>,
        others: Vec<PublicKey>,
        server: Option<ServerId>,
        until: Monotonic,
    ) -> u64 {
        let number = self.number();
        if let Some(under) = self.calls.get_mut(&call) {
            under.legs.insert(number);
        }
        self.due.insert((until, number));
        let leg = Leg {
            call,
            to,
            server,
            others,
            parts: Vec::new(),
            until,
        };
        self.legs.insert(number, leg);
        number
    }

    /// A server that nobody can be asked for.
    pub fn miss(&mut self, call: u64, server: ServerId, fault: CallFault) {
        if let Some(under) = self.calls.get_mut(&call) {
            under.parts.push(Part {
                server: Some(server),
                result: Err(fault),
            });
        }
    }

    /// A part of what a leg comes to, from the node that was asked or from this node's own server.
    /// Returns the call if it has ended with it.
    pub fn part(
        &mut self,
        from: Option<PublicKey>,
        number: u64,
        part: Part,
        last: bool,
    ) -> Option<Ended> {
        let leg = self.legs.get_mut(&number).filter(|leg| leg.to == from)?;
        let under = self.calls.get_mut(&leg.call)?;
        let length = part.result.as_ref().map_or(0, Vec::len);
        under.bytes = under.bytes.saturating_add(length);
        if under.bytes > ANSWER_BYTES_MAX {
            leg.parts.clear();
            leg.parts.push(Part {
                server: leg.server,
                result: Err(CallFault::TooLarge),
            });
            return self.end_leg(number);
        }
        match (leg.parts.last_mut(), part) {
            (
                Some(Part {
                    server,
                    result: Ok(known),
                }),
                Part {
                    server: from,
                    result: Ok(more),
                },
            ) if *server == from => known.extend(more),
            (_, part) => leg.parts.push(part),
        }
        last.then(|| self.end_leg(number)).flatten()
    }

    /// A leg has all it will have.
    fn end_leg(&mut self, number: u64) -> Option<Ended> {
        let leg = self.legs.remove(&number)?;
        self.due.remove(&(leg.until, number));
        let under = self.calls.get_mut(&leg.call)?;
        under.legs.remove(&number);
        under.parts.extend(leg.parts);
        self.end_call(leg.call)
    }

    /// Ends a call that waits for nothing more.
    pub fn end_call(&mut self, call: u64) -> Option<Ended> {
        if !self.calls.get(&call)?.legs.is_empty() {
            return None;
        }
        let under = self.calls.remove(&call)?;
        let caller = Caller::of(under.origin, under.asked.tenant);
        if let Some(count) = self.of.get_mut(&caller) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of.remove(&caller);
            }
        }
        Some(Ended {
            origin: under.origin,
            asked: under.asked,
            parts: under.parts,
        })
    }

    /// A leg comes to nothing: another node of the owner is asked if there is one and doing it again
    /// changes nothing more, else that is its part.
    fn fail(&mut self, number: u64, fault: CallFault, until: Monotonic) -> Option<Next> {
        let mut leg = self.legs.remove(&number)?;
        self.due.remove(&(leg.until, number));
        let under = self.calls.get_mut(&leg.call)?;
        under.legs.remove(&number);
        if under.asked.call.method.repeats() && !leg.others.is_empty() {
            let to = leg.others.remove(0);
            let (asked, server) = (under.asked.clone(), leg.server);
            let number = self.leg(leg.call, Some(to), leg.others, leg.server, until);
            return Some(Next::Again(Again {
                number,
                to,
                server,
                asked,
            }));
        }
        under.parts.push(Part {
            server: leg.server,
            result: Err(fault),
        });
        self.end_call(leg.call).map(Next::Ended)
    }

    /// What ends because its time is over: further legs to begin, and calls that ended.
    pub fn expire(&mut self, now: Monotonic, until: Monotonic) -> (Vec<Again>, Vec<Ended>) {
        let mut over = Vec::new();
        while let Some((at, number)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, number));
            over.push(number);
        }
        self.fail_all(over, &CallFault::TimeOver, until)
    }

    /// A node is gone: what waits for it ends.
    pub fn disconnected(&mut self, peer: &PublicKey, until: Monotonic) -> (Vec<Again>, Vec<Ended>) {
        for leg in self.legs.values_mut() {
            leg.others.retain(|other| other != peer);
        }
        let waits = self.legs.iter().filter(|(_, leg)| leg.to == Some(*peer));
        let waits = waits.map(|(number, _)| *number).collect();
        self.fail_all(waits, &CallFault::OwnerAway, until)
    }

    fn fail_all(
        &mut self,
        numbers: Vec<u64>,
        fault: &CallFault,
        until: Monotonic,
    ) -> (Vec<Again>, Vec<Ended>) {
        let (mut again, mut ended) = (Vec::new(), Vec::new());
        for number in numbers {
            match self.fail(number, fault.clone(), until) {
                Some(Next::Again(leg)) => again.push(leg),
                Some(Next::Ended(call)) => ended.push(call),
                None => {}
            }
        }
        (again, ended)
    }

    /// When the first leg's time is over.
    #[must_use]
    pub fn next_due(&self) -> Option<Monotonic> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A number that no leg and no job has.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meetings::call::Method;

    fn asked(method: Method) -> Asked {
        Asked {
            tenant: TenantId([1; 16]),
            room: None,
            terms: None,
            call: Call {
                method,
                query: String::new(),
                body: None,
            },
        }
    }

    fn said(server: u8, text: &str) -> Part {
        Part {
            server: Some(ServerId([server; 16])),
            result: Ok(text.into()),
        }
    }

    const NODE: PublicKey = PublicKey([9; 32]);
    const OTHER: PublicKey = PublicKey([8; 32]);

    #[test]
    fn one_front_end_or_node_that_calls_without_end_takes_no_place_of_the_others() {
        for (greedy, other) in [
            (Origin::Here(1), Origin::Peer(NODE, 1)),
            (Origin::Peer(NODE, 1), Origin::Peer(OTHER, 1)),
        ] {
            let mut calls = Calls::default();
            let tenant = TenantId([1; 16]);
            let all: Vec<u64> = (0..CALLS_OF_ONE_MAX)
                .map(|_| calls.begin(greedy, asked(Method::GetMeetings)))
                .collect();
            assert!(calls.is_full(greedy, tenant) && !calls.is_full(other, tenant));
            assert!(!calls.is_full(Origin::Here(2), TenantId([2; 16])));
            assert!(calls.end_call(all[0]).is_some());
            assert!(!calls.is_full(greedy, tenant));
        }
    }

    #[test]
    fn parts_of_one_server_are_put_together_and_the_call_ends_with_its_last_leg() {
        let mut calls = Calls::default();
        let call = calls.begin(Origin::Here(5), asked(Method::GetMeetings));
        let until = Monotonic(100);
        let first = calls.leg(call, Some(NODE), Vec::new(), None, until);
        let second = calls.leg(call, None, Vec::new(), None, until);
        assert!(calls.part(Some(NODE), first, said(1, "a"), false).is_none());
        assert!(calls.part(Some(NODE), first, said(1, "b"), false).is_none());
        assert!(calls.part(Some(NODE), first, said(2, "c"), true).is_none());
        // Another node says nothing in its place.
        assert!(
            calls
                .part(Some(OTHER), second, said(3, "x"), true)
                .is_none()
        );
        let ended = calls
            .part(None, second, said(3, "d"), true)
            .expect("it ended");
        assert_eq!(ended.origin, Origin::Here(5));
        assert_eq!(ended.parts, [said(1, "ab"), said(2, "c"), said(3, "d")]);
        assert_eq!(calls.next_due(), None);
    }

    #[test]
    fn another_node_of_the_owner_is_asked_when_one_keeps_silent_but_not_twice_for_what_would_change()
     {
        for (method, is_asked_again) in [(Method::Join, true), (Method::SendChatMessage, false)] {
            let mut calls = Calls::default();
            let call = calls.begin(Origin::Here(1), asked(method));
            let others = vec![OTHER, PublicKey([7; 32])];
            let leg = calls.leg(call, Some(NODE), others, None, Monotonic(100));
            let (again, ended) = calls.expire(Monotonic(99), Monotonic(200));
            assert!(again.is_empty() && ended.is_empty());
            let (again, ended) = calls.expire(Monotonic(100), Monotonic(200));
            assert_eq!(
                (again.len(), ended.len()),
                if is_asked_again { (1, 0) } else { (0, 1) }
            );
            assert!(
                again.iter().all(|leg| leg.to == OTHER),
                "the next, not the last"
            );
            let late = calls.part(Some(NODE), leg, said(1, "late"), true);
            assert!(late.is_none());
        }
    }

    #[test]
    fn an_answer_without_end_is_cut_off() {
        let mut calls = Calls::default();
        let call = calls.begin(Origin::Here(1), asked(Method::GetRecordings));
        let leg = calls.leg(call, Some(NODE), Vec::new(), None, Monotonic(100));
        let part = Part {
            server: None,
            result: Ok(vec![b'x'; ANSWER_BYTES_MAX / 4]),
        };
        let ended = (0..9).find_map(|_| calls.part(Some(NODE), leg, part.clone(), false));
        let parts = ended.expect("it ended").parts;
        assert_eq!(parts, [Part::fault(CallFault::TooLarge)]);
    }
}
