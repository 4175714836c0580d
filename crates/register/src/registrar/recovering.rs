//! How the registrar goes on in another epoch, and looks back at the one it left.

use domain::id::Timestamp;

use super::{Output, Reaction, Record, Registrar, Topic};
use crate::{
    agreement::{self, AgreementError, Certificate, Place, Verification, verify},
    chain::Chain,
    recovery::{Recovered, is_followed},
};

/// The most messages of the epoch before that are kept: what more is said proves nothing.
const MESSAGES_MAX: usize = 4096;

/// The epoch that was left.
pub(super) struct Left {
    /// The register where the recovery goes on from.
    chain: Chain,
    /// Votes about the height after it, in the epoch that was left.
    votes: Vec<agreement::Message>,
}

impl Left {
    fn new(chain: Chain) -> Box<Self> {
        let votes = Vec::new();
        Box::new(Self { chain, votes })
    }
}

/// Follows what a journal says of a recovery; what it says of the height before that is over.
pub(super) fn since_recovery(
    chain: &mut Chain,
    journal: Vec<Record>,
) -> (Vec<Record>, Option<Box<Left>>) {
    let (mut since, mut left) = (Vec::new(), None);
    for record in journal {
        let Record::Recovered(recovered) = &record else {
            since.push(record);
            continue;
        };
        if let Ok((after, _)) = chain.recovered(recovered) {
            left = Some(Left::new(std::mem::replace(chain, after)));
        }
        // In the journal of a recovery, what stands before it was of the epoch that was left.
        let epoch = recovered.recovery.epoch;
        since.retain(|record| match record {
            Record::Agreement(_) | Record::Value(_) => chain.epoch() < epoch,
            _ => true,
        });
    }
    (since, left)
}

impl<V: Verification> Registrar<V> {
    /// Goes on with those who remain, if the recovery goes on from here.
    pub(super) fn recover(
        &mut self,
        now: Timestamp,
        recovered: Recovered,
        reaction: &mut Reaction,
    ) {
        let Ok((chain, _)) = self.chain.recovered(&recovered) else {
            return;
        };
        let before = std::mem::replace(&mut self.chain, chain);
        let validators = before.validators().hash();
        self.left = Some(Left::new(before));
        reaction
            .journal
            .push(Record::Recovered(Box::new(recovered)));
        self.engine.go_on_in(self.chain.epoch());
        self.open_since = None;
        self.journal.clear();
        self.unsent.clear();
        self.resent.clear();
        self.values.clear();
        self.asked.clear();
        self.certified = None;
        self.heard.clear();
        self.timers.clear();
        self.stirred = true;
        self.wishes.forget(&self.chain);
        self.take_posts(now, reaction);
        self.follow_stalls(now, validators, reaction);
        let next = Topic::Height(self.chain.height() + 1);
        reaction.outputs.push(Output::Again(next));
    }

    /// The register that was left when this epoch began, as a node knows it that starts again: votes about
    /// the height after it are looked at still.
    pub fn left(&mut self, chain: Chain) {
        self.left.get_or_insert_with(|| Left::new(chain));
    }

    /// The height that another quorum may have decided in the epoch that was left.
    #[must_use]
    pub fn left_height(&self) -> Option<u64> {
        self.left.as_ref().map(|left| left.chain.height() + 1)
    }

    /// Takes note of a vote in the epoch that was left.
    ///
    /// # Errors
    /// When a quorum there decided the height from which another quorum goes on here.
    pub fn look_back(&mut self, message: &agreement::Message) -> Result<(), AgreementError> {
        let Some(left) = &mut self.left else {
            return Ok(());
        };
        let (epoch, height) = (left.chain.epoch(), left.chain.height() + 1);
        let is_of_it = (message.epoch(), message.height()) == (epoch, height);
        if !is_of_it || left.votes.len() >= MESSAGES_MAX || left.votes.contains(message) {
            return Ok(());
        }
        left.votes.push(message.clone());
        match is_followed(&left.chain, &left.votes) {
            true => Err(AgreementError::TwoEpochs { height }),
            false => Ok(()),
        }
    }

    /// The same for a certificate.
    pub(super) fn look_back_at(&self, certificate: &Certificate) -> Result<(), AgreementError> {
        let Some(left) = &self.left else {
            return Ok(());
        };
        let place = Place {
            federation: left.chain.federation(),
            epoch: left.chain.epoch(),
            height: left.chain.height() + 1,
        };
        match verify(certificate, &place, left.chain.validators()) {
            Ok(()) => Err(AgreementError::TwoEpochs {
                height: place.height,
            }),
            Err(_) => Ok(()),
        }
    }
}
