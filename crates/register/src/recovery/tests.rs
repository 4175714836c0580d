use domain::{
    cbor::{Decode, Encode},
    charter::{Charter, RuleName},
    decision::Choice,
    effect::Effect,
    id::{EntryId, FederationId},
};
use proptest::prelude::*;

use super::*;
use crate::{
    agreement::{self, Signed, Step, Vote},
    batch::Items,
    chain::{
        Chain,
        tests::{motion, opened, register},
    },
    declaration::{Declaration, Matter},
    phase::Cause,
    registrar::{self, Input, Message, Record, Registrar},
    testing::{Cast, FEDERATION, MINUTE_MS, OPENED, Sent, root_key},
};

const NOTICE: &str = "[recovery]\nnotice-seconds = 600\n";
const NOTICE_MS: u64 = 10 * MINUTE_MS;
const ANNOUNCED: Timestamp = Timestamp(OPENED.0 + MINUTE_MS);

fn cast(members: usize) -> Cast {
    Cast::new(members, members, RuleName::ConsentThenVote, NOTICE)
}

/// A register in which a vote is open.
fn voting(cast: &Cast) -> Chain {
    let chain = register(cast);
    let openings = vec![opened(
        cast,
        &chain,
        RuleName::ConsentThenVote,
        &motion(1, None),
    )];
    let (batch, _) = chain.draft(Items {
        openings,
        ..Items::default()
    });
    chain.after(&batch).unwrap().0
}

fn member(chain: &Chain, number: usize) -> MemberId {
    *chain.order().members().keys().nth(number).unwrap()
}

fn without(chain: &Chain, gone: &[usize]) -> Recovery {
    Recovery {
        epoch: chain.epoch() + 1,
        height: chain.height(),
        last: chain.last(),
        gone: gone.iter().map(|number| member(chain, *number)).collect(),
        time: ANNOUNCED,
    }
}

/// What these organisations say, each a second after the one before.
fn said(recovery: &Recovery, stage: Stage, signers: &[usize], from: Timestamp) -> Vec<Voice> {
    let say = |(place, number): (usize, &usize)| {
        let time = from.plus_ms(1_000 * place as u64);
        recovery.say(&FEDERATION, stage, &root_key(*number), time)
    };
    signers.iter().enumerate().map(say).collect()
}

fn confirmable(signers: &[usize]) -> Timestamp {
    ANNOUNCED.plus_ms(1_000 * (signers.len() as u64 - 1) + NOTICE_MS)
}

fn dated(mut voices: Vec<Voice>) -> Vec<Dated> {
    voices.sort_by_key(|voice| voice.key);
    voices.iter().map(Voice::dated).collect()
}

fn recovered(recovery: &Recovery, signers: &[usize]) -> Recovered {
    let confirmed = said(recovery, Stage::Confirm, signers, confirmable(signers));
    Recovered {
        recovery: recovery.clone(),
        announced: dated(said(recovery, Stage::Announce, signers, ANNOUNCED)),
        confirmed: dated(confirmed),
    }
}

struct Told {
    base: Base,
    hash: Hash,
    known: Recoveries,
}

impl Told {
    fn new(chain: &Chain, recovery: &Recovery) -> Self {
        Self {
            base: Base::of(chain),
            hash: recovery.hash(&FEDERATION),
            known: Recoveries::default(),
        }
    }

    fn hear(&mut self, voices: &[Voice]) {
        for voice in voices {
            let bytes = voice.to_bytes();
            let voice = Voice::from_bytes(&bytes).unwrap();
            assert!(voice.verify(&FEDERATION).is_ok());
            self.known.take(voice.recovery.hash(&FEDERATION), voice);
        }
    }

    fn state(&self, now: Timestamp) -> State {
        let state = self.known.state(&self.base, &self.hash, now);
        state.unwrap().unwrap()
    }
}

#[test]
fn a_recovery_is_announced_waits_for_its_notice_and_is_confirmed() {
    let chain = voting(&cast(4));
    let recovery = without(&chain, &[2, 3]);
    let mut told = Told::new(&chain, &recovery);
    let (signers, later) = ([0, 1, 2], confirmable(&[0, 1, 2]));
    let announced = said(&recovery, Stage::Announce, &signers, ANNOUNCED);
    told.hear(&announced[..2]);
    let (found, needed) = (2, 3);
    assert_eq!(told.state(later), State::Announcing { found, needed });
    told.hear(&announced);
    assert_eq!(
        told.state(Timestamp(later.0 - 1)),
        State::Notice { until: later }
    );
    let confirmed = said(&recovery, Stage::Confirm, &signers, later);
    told.hear(&confirmed[..2]);
    let since = later;
    assert_eq!(
        told.state(later.plus_ms(5_000)),
        State::Confirming {
            since,
            found,
            needed
        }
    );
    told.hear(&confirmed);
    assert_eq!(
        told.state(later).word(),
        "confirming",
        "dated after this clock"
    );
    let State::InForce(found) = told.state(later.plus_ms(5_000)) else {
        panic!("confirmed by all who must");
    };
    assert_eq!(*found, recovered(&recovery, &signers));
    let bytes = found.to_bytes();
    assert_eq!(Recovered::from_bytes(&bytes).as_ref(), Ok(&*found));
}

#[test]
fn those_who_remain_go_on_in_a_new_epoch_and_hold_open_votes_again() {
    let cast = cast(4);
    let chain = voting(&cast);
    let recovery = without(&chain, &[2, 3]);
    let (after, again) = chain.recovered(&recovered(&recovery, &[0, 1, 2])).unwrap();
    assert_eq!((after.epoch(), after.height()), (1, chain.height()));
    assert_eq!(after.last(), recovery.hash(&FEDERATION));
    let remain: Vec<MemberId> = after
        .validators()
        .iter()
        .map(|(_, one)| one.member)
        .collect();
    assert_eq!(remain, [member(&chain, 0), member(&chain, 1)]);
    assert_eq!(
        after.order().validators().as_ref(),
        Some(after.validators())
    );
    assert_eq!(after.order().members().len(), 4, "they stay members");
    let before = chain.phases().values().next().unwrap();
    let phase = &after.phases()[&again[&before.id]];
    assert_eq!(phase.cause, Cause::Recovered);
    assert_eq!((phase.vote, phase.text), (before.vote, before.text));
    assert_eq!(phase.validators, *after.validators());
    assert_eq!(phase.opened, ANNOUNCED.plus_ms(NOTICE_MS));
    assert_eq!(phase.length_ms(), before.length_ms());
    assert!(after.case(&phase.id).is_some() && after.motion(phase).is_some());
    let open = after.open_phase(&phase.proposal, &phase.proposer.member);
    assert_eq!(open, Some(phase));
    // The next height is one of the new epoch, and follows the recovery.
    let key = root_key(3);
    let matter = Matter::Leave;
    let leaves = Declaration::sign(&FEDERATION, &key, (member(&chain, 3), 1), matter);
    let wanted = Items {
        declarations: vec![leaves],
        ..Items::default()
    };
    let (batch, _) = after.draft(wanted);
    assert_eq!((batch.header.epoch, batch.header.height), (1, 3));
    assert_eq!(batch.header.previous, recovery.hash(&FEDERATION));
    assert!(after.after(&batch).is_ok());
    assert!(chain.after(&batch).is_err(), "not in the epoch before");
}

#[test]
fn what_was_witnessed_in_the_epoch_before_does_not_count_and_its_ballots_can_again() {
    let cast = cast(4);
    let chain = voting(&cast);
    let before = cast.within(chain.phases().values().next().unwrap().clone());
    let things = before.sent(&[Sent::new(1, Choice::Agree, &[0, 1])]);
    let recovery = without(&chain, &[2, 3]);
    let (after, _) = chain.recovered(&recovered(&recovery, &[0, 1, 2])).unwrap();
    let again = cast.within(after.phases().values().next().unwrap().clone());
    let mut gathered = crate::gathered::Gathered::new();
    for thing in &things {
        match thing {
            crate::witness::Message::Ballot(pair) => {
                let taken = gathered.take_ballot(&again.case(), &pair.0, &pair.1);
                assert!(taken.is_ok(), "it names the vote");
            }
            crate::witness::Message::Leaves(leaves) => {
                assert!(gathered.take_leaves(&again.case(), leaves).is_err());
            }
            _ => {}
        }
    }
}

#[test]
fn a_recovery_that_does_not_go_on_from_here_is_none() {
    let chain = voting(&cast(7));
    let good = without(&chain, &[4, 5, 6]);
    let base = Base::of(&chain);
    assert_eq!(base.remaining(&good).map(|set| set.sizes().all()), Ok(4));
    let refused = |change: fn(&mut Recovery)| {
        let mut recovery = good.clone();
        change(&mut recovery);
        let signed = recovered(&recovery, &[0, 1, 2, 3, 4]);
        let refused = base.check(&signed).unwrap_err();
        assert_eq!(chain.recovered(&signed).unwrap_err(), refused);
        refused
    };
    let (expected, found) = (1, 2);
    assert_eq!(
        refused(|one| one.epoch = 2),
        RecoveryError::Epoch { expected, found }
    );
    let (expected, found) = (2, 3);
    assert_eq!(
        refused(|one| one.height = 3),
        RecoveryError::Height { expected, found }
    );
    let (expected, found) = (chain.last(), Hash([1; 32]));
    assert_eq!(
        refused(|one| one.last = Hash([1; 32])),
        RecoveryError::Last { expected, found }
    );
    let stranger = MemberId([0xff; 32]);
    assert_eq!(
        refused(|one| one.gone.push(MemberId([0xff; 32]))),
        RecoveryError::NoValidator(stranger)
    );
    let (found, bearable) = (2, 2);
    assert_eq!(
        refused(|one| one.gone.truncate(2)),
        RecoveryError::TooFewGone { found, bearable }
    );
    let all = without(&chain, &[0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(base.remaining(&all), Err(RecoveryError::NobodyRemains));
}

#[test]
fn only_enough_organisations_in_time_put_a_recovery_in_force() {
    let chain = voting(&cast(7));
    let base = Base::of(&chain);
    let recovery = without(&chain, &[4, 5, 6]);
    let good = recovered(&recovery, &[0, 1, 2, 3, 4]);
    assert!(base.check(&good).is_ok());
    let refused = |change: &dyn Fn(&mut Recovered)| {
        let mut recovered = good.clone();
        change(&mut recovered);
        base.check(&recovered).unwrap_err()
    };
    let (found, needed) = (4, 5);
    for (what, change) in [
        (
            "announced",
            (|one| one.announced.truncate(4)) as fn(&mut Recovered),
        ),
        ("confirmed", |one| one.confirmed.truncate(4)),
    ] {
        let few = RecoveryError::TooFew {
            what,
            found,
            needed,
        };
        assert_eq!(refused(&change), few);
    }
    // One that signs twice is one, and who is no member is none.
    let twice = refused(&|one| one.announced[1] = one.announced[0]);
    assert_eq!(
        twice,
        RecoveryError::NotAnOrganisation(good.announced[0].root)
    );
    let stranger = root_key(40).public();
    assert_eq!(
        refused(&|one| one.announced[0].root = stranger),
        RecoveryError::NotAnOrganisation(stranger)
    );
    // An announcement is no confirmation, and another federation's or date's is nobody's.
    let swapped = refused(&|one| {
        for (to, from) in one.confirmed.iter_mut().zip(&good.announced) {
            to.signature = from.signature;
        }
    });
    assert!(matches!(swapped, RecoveryError::Signature(_)));
    let elsewhere = FederationId([7; 32]);
    let of_other = recovery.say(&elsewhere, Stage::Announce, &root_key(0), ANNOUNCED);
    assert!(of_other.verify(&elsewhere).is_ok() && of_other.verify(&FEDERATION).is_err());
    assert!(matches!(
        refused(&|one| one.announced[0].time.0 += 1),
        RecoveryError::Signature(_)
    ));
    let early = confirmable(&[0, 1, 2, 3, 4]);
    let hasty = said(
        &recovery,
        Stage::Confirm,
        &[0, 1, 2, 3, 4],
        Timestamp(early.0 - 1),
    );
    assert!(matches!(
        refused(&|one| one.confirmed = dated(hasty.clone())),
        RecoveryError::Early { from, .. } if from == early
    ));
    let before = Timestamp(ANNOUNCED.0 - 1);
    let backdated = said(&recovery, Stage::Announce, &[0, 1, 2, 3, 4], before);
    assert!(matches!(
        refused(&|one| one.announced = dated(backdated.clone())),
        RecoveryError::Early {
            from: ANNOUNCED,
            ..
        }
    ));
}

#[test]
fn an_old_recovery_cannot_be_repeated_and_former_members_sign_none() {
    let chain = voting(&cast(7));
    let signed = recovered(&without(&chain, &[4, 5, 6]), &[0, 1, 2, 3, 4]);
    let (after, _) = chain.recovered(&signed).unwrap();
    let (expected, found) = (2, 1);
    assert_eq!(
        after.recovered(&signed).unwrap_err(),
        RecoveryError::Epoch { expected, found }
    );
    // Two leave; of five organisations four must sign now, and those who left do not count.
    let leave = |number: usize| {
        let of = (member(&chain, number), 1);
        Declaration::sign(&FEDERATION, &root_key(number), of, Matter::Leave)
    };
    let declarations = vec![leave(5), leave(6)];
    let (batch, _) = after.draft(Items {
        declarations,
        ..Items::default()
    });
    let (after, _) = after.after(&batch).unwrap();
    let second = without(&after, &[2, 3]);
    assert_eq!(Base::of(&after).needed(), 4);
    let former = after.recovered(&recovered(&second, &[0, 1, 5, 6]));
    assert_eq!(
        former.unwrap_err(),
        RecoveryError::NotAnOrganisation(
            [5, 6]
                .map(|one| root_key(one).public())
                .into_iter()
                .min()
                .unwrap()
        )
    );
    let (again, _) = after.recovered(&recovered(&second, &[0, 1, 2, 3])).unwrap();
    assert_eq!((again.epoch(), again.validators().sizes().all()), (2, 2));
}

#[test]
fn whoever_is_said_to_be_gone_and_is_not_stops_it() {
    let chain = voting(&cast(4));
    let cast = cast(4);
    let recovery = without(&chain, &[2, 3]);
    let signers = [0, 1, 2];
    let later = confirmable(&signers);
    let now = later.plus_ms(MINUTE_MS);
    let announced = said(&recovery, Stage::Announce, &signers, ANNOUNCED);
    let confirmed = said(&recovery, Stage::Confirm, &signers, later);
    let (_, validator) = cast.validator(3);
    let of_validator = |stage, time| recovery.say(&FEDERATION, stage, validator, time);
    let of_root = said(&recovery, Stage::Object, &[3], ANNOUNCED.plus_ms(MINUTE_MS));
    let time = ANNOUNCED.plus_ms(MINUTE_MS);
    let member = member(&chain, 3);
    let mut signs: Vec<Told> = (0..3).map(|_| Told::new(&chain, &recovery)).collect();
    signs[0].hear(&of_root);
    signs[1].hear(&[of_validator(Stage::Object, time)]);
    signs[2].known.lives(validator.public(), time);
    for told in &mut signs {
        told.hear(&announced);
        assert_eq!(told.state(now), State::Stopped { member, time });
        // Confirmed all the same, nobody goes on before people have settled it.
        told.hear(&confirmed);
        assert!(matches!(told.state(now), State::Disputed { .. }));
        assert!(told.state(now).confirmed().is_some());
    }
    // What was signed before the announcement, or by somebody else, stops nothing; nor does what comes
    // after the notice once it is confirmed.
    let mut told = Told::new(&chain, &recovery);
    told.known
        .lives(validator.public(), Timestamp(ANNOUNCED.0 - 1));
    told.known.lives(cast.validator(0).1.public(), time);
    told.hear(&said(&recovery, Stage::Object, &[0, 40], time));
    told.hear(&announced);
    assert_eq!(told.state(time), State::Notice { until: later });
    told.known.lives(validator.public(), later.plus_ms(1));
    assert!(matches!(told.state(now), State::Stopped { .. }));
    told.hear(&confirmed);
    assert!(matches!(told.state(now), State::InForce(_)));
}

#[test]
fn a_key_that_floods_is_heard_of_few_recoveries_and_stops_nobody_elses() {
    let chain = voting(&cast(4));
    let good = without(&chain, &[2, 3]);
    let mut told = Told::new(&chain, &good);
    for number in 0..100 {
        let time = ANNOUNCED.plus_ms(number);
        let other = Recovery {
            time,
            ..good.clone()
        };
        told.hear(&[other.say(&FEDERATION, Stage::Announce, &root_key(3), time)]);
        // And again and again about the same one.
        told.hear(&[good.say(&FEDERATION, Stage::Object, &root_key(3), Timestamp(number))]);
    }
    assert!(told.known.all().count() <= 17);
    told.hear(&said(&good, Stage::Announce, &[0, 1, 2], ANNOUNCED));
    assert_eq!(told.state(ANNOUNCED.plus_ms(5_000)).word(), "notice");
}

#[test]
fn a_quorum_that_went_on_is_followed() {
    let cast = cast(4);
    let chain = voting(&cast);
    let recovery = without(&chain, &[3, 2]);
    let mut recovery = recovery;
    recovery.gone.sort_unstable();
    let (after, _) = chain.recovered(&recovered(&recovery, &[0, 1, 2])).unwrap();
    let vote = |validator: u8, epoch, value: u8| {
        let (place, key) = cast.validator(validator);
        let vote = Vote {
            epoch,
            height: 3,
            round: 0,
            step: Step::Precommit,
            value: Some(Hash([value; 32])),
        };
        agreement::Message::Vote(Signed::sign(&FEDERATION, place, key, vote))
    };
    assert!(is_followed(&after, &[vote(0, 1, 1), vote(1, 1, 1)]));
    for said in [
        vec![vote(0, 1, 1)],
        vec![vote(0, 1, 1), vote(1, 1, 2)],
        vec![vote(0, 1, 1), vote(1, 0, 1)],
        vec![vote(0, 1, 1), vote(0, 1, 1)],
    ] {
        assert!(!is_followed(&after, &said));
    }
}

#[test]
fn a_quorum_of_the_epoch_before_that_decides_a_height_too_stops_the_registrar() {
    let cast = cast(4);
    let chain = voting(&cast);
    let signed = recovered(&without(&chain, &[2, 3]), &[0, 1, 2]);
    let key = Some(cast.validator(0).1.clone());
    let timeouts = agreement::Timeouts::MINUTES;
    let mut registrar = Registrar::new(ANNOUNCED, chain.clone(), key, timeouts, Vec::new());
    let later = ANNOUNCED.plus_ms(NOTICE_MS);
    let mut take = |input| registrar.handle(later, input);
    let reaction = take(Input::Recovered(Box::new(signed.clone()))).unwrap();
    let written = Record::Recovered(Box::new(signed.clone()));
    assert_eq!(reaction.journal[0], written, "before anything else");
    assert_eq!(Record::from_bytes(&written.to_bytes()), Ok(written));
    let again = take(Input::Recovered(Box::new(signed))).unwrap();
    assert_eq!(again, registrar::Reaction::default(), "once");
    let vote = |validator: u8| {
        let (place, key) = cast.validator(validator);
        let vote = Vote {
            epoch: 0,
            height: 3,
            round: 4,
            step: Step::Precommit,
            value: Some(Hash([7; 32])),
        };
        let vote = Signed::sign(&FEDERATION, place, key, vote);
        Input::Message(Message::Agreement(agreement::Message::Vote(vote)))
    };
    for validator in [2, 3, 3] {
        assert!(take(vote(validator)).is_ok(), "two of four are no quorum");
    }
    let stopped = take(vote(1)).unwrap_err();
    assert_eq!(stopped, agreement::AgreementError::TwoEpochs { height: 3 });
}

#[test]
fn a_registrar_that_starts_again_heights_later_still_sees_what_the_epoch_before_decided() {
    let cast = cast(4);
    let left = voting(&cast);
    let signed = recovered(&without(&left, &[2, 3]), &[0, 1, 2]);
    let (after, _) = left.recovered(&signed).unwrap();
    let leaves = Declaration::sign(
        &FEDERATION,
        &root_key(3),
        (member(&left, 3), 1),
        Matter::Leave,
    );
    let (batch, _) = after.draft(Items {
        declarations: vec![leaves],
        ..Items::default()
    });
    let (chain, _) = after.after(&batch).unwrap();
    let key = Some(cast.validator(0).1.clone());
    let timeouts = agreement::Timeouts::MINUTES;
    let mut registrar = Registrar::new(ANNOUNCED, chain, key, timeouts, Vec::new());
    assert_eq!(registrar.left_height(), None);
    registrar.left(left);
    assert_eq!(registrar.left_height(), Some(3));
    let vote = |validator: u8| {
        let (place, key) = cast.validator(validator);
        let vote = Vote {
            epoch: 0,
            height: 3,
            round: 0,
            step: Step::Precommit,
            value: Some(Hash([7; 32])),
        };
        agreement::Message::Vote(Signed::sign(&FEDERATION, place, key, vote))
    };
    for validator in [1, 2] {
        assert_eq!(registrar.look_back(&vote(validator)), Ok(()));
    }
    let stopped = registrar.look_back(&vote(3)).unwrap_err();
    assert_eq!(stopped, agreement::AgreementError::TwoEpochs { height: 3 });
}

#[test]
fn the_notice_is_the_charters_and_old_charters_have_fourteen_days() {
    let old = Charter::from_toml("").unwrap();
    assert_eq!(old.terms().recovery_notice_seconds, 14 * 24 * 3600);
    assert_eq!(Base::of(&voting(&cast(4))).notice_ms, NOTICE_MS);
}

#[test]
fn an_objection_to_a_new_root_key_goes_on_with_the_vote() {
    let cast = cast(4);
    let chain = register(&cast);
    let new = root_key(50);
    let of = member(&chain, 1);
    let effect = Effect::Root {
        member: of,
        root: new.public(),
        proof: new.sign(&domain::effect::root_message(&FEDERATION, &of)),
    };
    let rule = RuleName::ConsentThenVote;
    let openings = vec![opened(&cast, &chain, rule, &motion(1, Some(effect)))];
    let (batch, _) = chain.draft(Items {
        openings,
        ..Items::default()
    });
    let (chain, _) = chain.after(&batch).unwrap();
    let phase: EntryId = *chain.phases().keys().next().unwrap();
    let objects = Matter::Objection { phase };
    let declarations = vec![Declaration::sign(
        &FEDERATION,
        &root_key(1),
        (of, 1),
        objects,
    )];
    let (batch, _) = chain.draft(Items {
        declarations,
        ..Items::default()
    });
    let (chain, _) = chain.after(&batch).unwrap();
    let recovery = without(&chain, &[2, 3]);
    let (after, again) = chain.recovered(&recovered(&recovery, &[0, 1, 2])).unwrap();
    assert!(after.objects(&again[&phase]) && !after.objects(&phase));
}

proptest! {
    /// Whoever signs, in whatever order it is heard: in force is what `check` holds to be, and fewer
    /// than two thirds never put anything in force.
    #[test]
    fn whatever_is_heard_in_any_order_fewer_than_two_thirds_recover_nothing(
        announce in prop::collection::vec((0usize..9, 0u64..300), 3..14),
        confirm in prop::collection::vec((0usize..9, 500u64..1_900), 3..14),
        order in any::<u64>(),
    ) {
        let chain = voting(&cast(7));
        let recovery = without(&chain, &[4, 5, 6]);
        let base = Base::of(&chain);
        let say = |stage, (number, seconds): &(usize, u64)| {
            let time = ANNOUNCED.plus_ms(seconds * 1_000);
            recovery.say(&FEDERATION, stage, &root_key(*number), time)
        };
        let mut voices: Vec<Voice> = announce.iter().map(|one| say(Stage::Announce, one)).collect();
        voices.extend(confirm.iter().map(|one| say(Stage::Confirm, one)));
        let hear = |voices: &[Voice]| {
            let mut told = Told::new(&chain, &recovery);
            told.hear(voices);
            told.known.state(&base, &told.hash, ANNOUNCED.plus_ms(2_000_000)).unwrap()
        };
        let state = hear(&voices);
        let turn = order as usize % voices.len().max(1);
        voices.rotate_left(turn);
        prop_assert_eq!(&hear(&voices), &state);
        let signers = |list: &[(usize, u64)]| {
            let members = list.iter().filter(|(number, _)| *number < 7);
            members.map(|(number, _)| *number).collect::<std::collections::BTreeSet<_>>().len()
        };
        let in_force = state.as_ref().and_then(State::confirmed);
        if let Some(recovered) = in_force {
            prop_assert!(base.check(recovered).is_ok());
            prop_assert!(signers(&announce) >= 5 && signers(&confirm) >= 5);
            prop_assert!(chain.recovered(recovered).is_ok());
        }
    }
}
