//! What goes into the engine, in the engine's types.

use arc_malachitebft_core_consensus::{Input as EngineInput, PeerId};
use arc_malachitebft_core_types::{
    CommitCertificate, CommitSignature, ExtendedCommitCertificate, PolkaCertificate,
    PolkaSignature, Round, Timeout, TimeoutKind, ValueResponse, VoteExtensionPolicy,
    VoteExtensions,
};

use super::{
    certificate::{Certificate, Polka},
    context::{self, Address, Context, Height, Mark},
    open::Open,
    statement::Message,
    timers::{Timer, Wait},
};

/// A message as the engine takes it.
pub(super) fn engine_input(message: &Message) -> EngineInput<Context> {
    match message {
        Message::Proposal(signed) => EngineInput::Proposal(context::proposal(signed)),
        Message::Vote(signed) => EngineInput::Vote(context::vote(signed)),
        Message::Polka(polka) => EngineInput::PolkaCertificate(polka_certificate(polka)),
    }
}

fn polka_certificate(polka: &Polka) -> PolkaCertificate<Context> {
    let signatures = polka.signatures.iter();
    PolkaCertificate {
        height: Height(polka.height),
        round: Round::new(polka.round),
        value_id: polka.value,
        polka_signatures: signatures
            .map(|(index, signature)| PolkaSignature::new(Address(*index), Mark(signature.0)))
            .collect(),
    }
}

/// A certificate in the envelope in which the engine takes it. The peer and the bytes in it are
/// for the library's own catch-up, which is not used.
pub(super) fn response(certificate: &Certificate) -> ValueResponse<Context> {
    let signatures = certificate.signatures.iter();
    let commit = CommitCertificate {
        height: Height(certificate.height),
        round: Round::new(certificate.round),
        value_id: certificate.value,
        commit_signatures: signatures
            .map(|(index, signature)| CommitSignature::new(Address(*index), Mark(signature.0)))
            .collect(),
    };
    let none = VoteExtensions::default();
    let certificate =
        ExtendedCommitCertificate::from_commit_certificate_and_extensions(commit, none);
    let peer = PeerId::from_bytes(&[0, 0]).expect("the identity hash of nothing");
    ValueResponse::new(peer, Default::default(), certificate)
}

/// A timer as the engine takes it.
pub(super) fn timeout(timer: &Timer) -> Timeout {
    let kind = match timer.wait {
        Wait::Proposal => TimeoutKind::Propose,
        Wait::Prevotes => TimeoutKind::Prevote,
        Wait::Precommits => TimeoutKind::Precommit,
        Wait::Republish => TimeoutKind::Rebroadcast,
    };
    Timeout::new(Round::new(timer.round), kind)
}

/// The input that starts a height.
pub(super) fn start_input(open: &Open, restart: bool) -> EngineInput<Context> {
    // No target time: with one the library would look at a clock.
    let (height, target_time) = (Height(open.desk.place.height), None);
    let policy = VoteExtensionPolicy::Disabled;
    EngineInput::StartHeight(height, open.voices.clone(), restart, target_time, policy)
}
