//! Finding out what two nodes differ in: digests first, which nodes at rest have in common; where
//! they differ, heights; where those differ, places of logs.

use std::collections::BTreeSet;

use domain::{id::Timestamp, key::PublicKey};
use replica::heights::{Ask, Difference, HEIGHTS_MAX, Height};

use crate::{
    core::Core,
    exchange::{QUIET_MS, QUIET_ROUNDS_MAX, RECOVER_MS, SMALL_FEDERATION_PEERS},
    io::{Change, Output},
    message::{ASKS_MAX, DIGESTS_MAX, Message, Part, Range},
};

/// The longest wait until digests are compared again for what is still missing, in milliseconds:
/// what waits for something that does not exist must not keep a federation busy.
const RECOVER_MS_MAX: u64 = 3_600_000;

impl Core {
    /// Asks a peer whether it holds the same.
    pub(super) fn send_digest(&mut self, now: Timestamp, to: PublicKey, outputs: &mut Vec<Output>) {
        let digest = self.replica().digest();
        let range = Range::ALL;
        let Some(peer) = self.exchange.peers.get_mut(&to) else {
            return;
        };
        peer.awaits_answer = true;
        let parts = vec![Part { range, digest }];
        outputs.push(Output::Send(to, Message::Digests { now, parts }));
    }

    /// Answers digests: where one differs with heights, or if there are too many for one message
    /// with digests over smaller ranges.
    pub(super) fn take_digests(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        parts: &[Part],
        outputs: &mut Vec<Output>,
    ) {
        let is_ours = |part: &&Part| self.replica().digest_in(&part.range.keys()) == part.digest;
        let differing: Vec<&Part> = parts.iter().filter(|part| !is_ours(part)).collect();
        let mut answers = Vec::new();
        for range in self.joined(&differing) {
            let heights = self.replica().heights_in(&range.keys());
            if heights.len() <= HEIGHTS_MAX {
                let heights = heights.to_vec();
                answers.push(Message::Heights {
                    now,
                    range,
                    heights,
                });
            } else {
                let parts = self.split(range, heights);
                answers.push(Message::Digests { now, parts });
            }
        }
        let same = differing.is_empty();
        if same {
            answers.push(Message::Following { count: 0 });
        }
        outputs.extend(answers.into_iter().map(|answer| Output::Send(from, answer)));
        let whole = parts.iter().find(|part| part.range == Range::ALL);
        let Some(peer) = self.exchange.peers.get_mut(&from) else {
            return;
        };
        peer.awaits_answer |= !same;
        peer.agreed = whole.filter(|_| same).map(|part| part.digest);
        if same {
            peer.compared = true;
            self.check_caught_up(&from);
        }
    }

    /// The ranges of parts, neighbours as one as long as their heights fit one message: what is
    /// sent in answer to one message comes in an order of ancestors.
    fn joined(&self, parts: &[&Part]) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        for part in parts {
            if let Some(before) = ranges.last_mut() {
                let both = Range {
                    first: before.first,
                    last: part.range.last,
                };
                let fits = self.replica().heights_in(&both.keys()).len() <= HEIGHTS_MAX;
                if fits && successor(before.last) == part.range.first {
                    *before = both;
                    continue;
                }
            }
            ranges.push(part.range);
        }
        ranges
    }

    /// Digests over parts of a range with about equally many logs.
    fn split(&self, range: Range, heights: &[Height]) -> Vec<Part> {
        let size = heights.len().div_ceil(DIGESTS_MAX).max(HEIGHTS_MAX / 16);
        let count = heights.len().div_ceil(size);
        let mut first = range.first;
        let chunks = heights.chunks(size).enumerate();
        let parts = chunks.map(|(index, chunk)| {
            let last = match index + 1 == count {
                true => range.last,
                false => chunk[chunk.len() - 1].key,
            };
            let range = Range { first, last };
            first = successor(last);
            let digest = self.replica().digest_in(&range.keys());
            Part { range, digest }
        });
        parts.collect()
    }

    /// Answers heights of the logs in a range with what the peer lacks and what is lacking here.
    pub(super) fn take_heights(
        &mut self,
        now: Timestamp,
        to: PublicKey,
        range: &Range,
        heights: &[Height],
        outputs: &mut Vec<Output>,
    ) {
        let Difference { send, ask } = self.replica().compare(heights, range.keys());
        let count = send.len() as u64;
        outputs.push(Output::Send(to, Message::Following { count }));
        if let Some(peer) = self.exchange.peers.get_mut(&to) {
            peer.compared = true;
            if !ask.is_empty() {
                peer.awaits_answer = true;
            } else if *range == Range::ALL {
                // It says all that a digest asks.
                peer.awaits_answer = false;
            }
        }
        if ask.is_empty() {
            self.check_caught_up(&to);
        }
        for asks in ask.chunks(ASKS_MAX) {
            outputs.push(Output::Send(
                to,
                Message::Asks {
                    asks: asks.to_vec(),
                    again: false,
                },
            ));
        }
        self.enqueue(now, to, send, outputs);
    }

    pub(super) fn take_asks(
        &mut self,
        now: Timestamp,
        from: PublicKey,
        asks: Vec<Ask>,
        again: bool,
        outputs: &mut Vec<Output>,
    ) {
        let (mut send, mut back) = (BTreeSet::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for ask in asks {
            // One walk through a log is enough for one message.
            if !seen.insert(ask.key) {
                continue;
            }
            let (positions, they_have_more) = self.replica().answer(&ask);
            send.extend(positions);
            if they_have_more && !again {
                back.push(self.replica().ask(&ask.key, true));
            }
        }
        let count = send.len() as u64;
        outputs.push(Output::Send(from, Message::Following { count }));
        if !back.is_empty() {
            outputs.push(Output::Send(
                from,
                Message::Asks {
                    asks: back,
                    again: true,
                },
            ));
        }
        self.enqueue(now, from, send, outputs);
    }

    pub(super) fn take_following(&mut self, from: PublicKey, count: u64) {
        // What answers no question proves nothing: a liar must not end the wait for a comparison.
        let Some(peer) = self
            .exchange
            .peers
            .get_mut(&from)
            .filter(|peer| peer.awaits_answer)
        else {
            return;
        };
        peer.awaits_answer = false;
        peer.compared = true;
        peer.expected = peer.expected.saturating_add(count);
        self.note_change(Change::Peers);
        self.check_caught_up(&from);
    }

    /// What this node's member signed itself and is ahead of this node's clock says that the clock is behind:
    /// who signed now would fork the log.
    pub(super) fn note_own_ahead(&mut self, author: PublicKey, sequence: u64) {
        let is_own = author == self.node()
            || self.member().is_some() && self.view().member_of(&author) == self.member();
        if is_own {
            let reach = self.exchange.own_ahead.entry(author).or_default();
            *reach = sequence.max(*reach);
        }
    }

    pub(super) fn check_caught_up(&mut self, from: &PublicKey) {
        let mut ahead = std::mem::take(&mut self.exchange.own_ahead);
        ahead.retain(|author, reach| {
            let tip = self.replica().tip(author);
            tip.is_none_or(|(sequence, _)| sequence < *reach)
        });
        self.exchange.own_ahead = ahead;
        if !self.exchange.own_ahead.is_empty() {
            return;
        }
        let done = self
            .exchange
            .peers
            .get(from)
            .is_some_and(|peer| peer.compared && !peer.awaits_answer && peer.expected == 0);
        if done {
            self.caught_up_with_a_peer();
        }
    }

    /// Compares with the next peer, and says when to do it again.
    pub(super) fn compare_again(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        self.exchange.compare_at = None;
        let lacks = self.replica().pending_len() > 0
            || self.replica().wanted_branches().next().is_some()
            || self.missing_chunks() > 0;
        if let Some(peer) = self.next_quiet_peer(lacks) {
            self.send_digest(now, peer, outputs);
            self.ask_chunks(peer, outputs);
            self.exchange.quiet_rounds = self.exchange.quiet_rounds.saturating_add(1);
            let rounds = self.exchange.quiet_rounds;
            // In a large federation an entry comes from so many that two rounds do.
            let peers = self.exchange.peers.len();
            let wanted = match peers <= SMALL_FEDERATION_PEERS {
                true => peers.min(QUIET_ROUNDS_MAX),
                false => 2,
            };
            if (rounds as usize) < wanted {
                self.exchange.compare_by(now.plus_ms(QUIET_MS << rounds));
            }
        }
        if lacks {
            let wait = (5 * RECOVER_MS) << self.exchange.fruitless.min(10);
            self.exchange.fruitless += 1;
            self.exchange
                .compare_by(now.plus_ms(wait.min(RECOVER_MS_MAX)));
        }
    }

    /// The next peer to compare with: each in turn, in a random order. One that is known to hold
    /// the same is passed over, unless something is lacking that digests do not speak of.
    fn next_quiet_peer(&mut self, lacks: bool) -> Option<PublicKey> {
        let digest = self.replica().digest();
        let is_due = |core: &Self, key: &PublicKey| {
            let peer = core.exchange.peers.get(key);
            peer.is_some_and(|peer| lacks || peer.agreed != Some(digest))
        };
        while let Some(peer) = self.exchange.quiet_peers.pop() {
            if is_due(self, &peer) {
                return Some(peer);
            }
        }
        let peers = self.exchange.peers.keys().copied();
        let peers = peers.filter(|key| is_due(self, key)).collect();
        self.exchange.quiet_peers = self.shuffled(peers);
        self.exchange.quiet_peers.pop()
    }
}

fn successor(key: PublicKey) -> PublicKey {
    let mut bytes = key.0;
    for byte in bytes.iter_mut().rev() {
        let (next, carry) = byte.overflowing_add(1);
        *byte = next;
        if !carry {
            break;
        }
    }
    PublicKey(bytes)
}
