//! What was cancelled never lives.

use routing::{
    admission::{Admission, Input, Output},
    ask::{Answer, Ask},
    capacity::Load,
    floor::PREDICTION_MS,
};

use crate::cast::{
    HOME, NOW, OTHER, WALL, answer, ask, attempt, cancel, created, creates, granted, load, owner,
    send, server,
};

fn ends(outputs: &[Output]) -> usize {
    outputs
        .iter()
        .filter(|output| matches!(output, Output::End { .. }))
        .count()
}

fn failed(admission: &mut Admission, ask: &Ask) -> Vec<Output> {
    let (member, ask) = (ask.member, ask.id);
    admission.handle(NOW, WALL, Input::CreateFailed { member, ask })
}

#[test]
fn a_cancelled_attempt_never_starts_even_if_it_comes_after_its_cancellation() {
    let mut admission = owner(1);
    assert_eq!(cancel(&mut admission, NOW, &attempt(&ask(1), 2)), []);
    for number in [1, 2] {
        let outputs = send(&mut admission, NOW, attempt(&ask(1), number));
        assert_eq!(answer(&outputs), Answer::Cancelled);
        assert_eq!(creates(&outputs), 0);
    }
    assert!(granted(&send(&mut admission, NOW, attempt(&ask(1), 3))).is_some());
}

#[test]
fn a_success_after_a_cancellation_is_ended_and_counts_until_then() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    assert_eq!(cancel(&mut admission, NOW, &ask(1)), []);
    assert_eq!(
        load(&mut admission, NOW, 1),
        Load::typical(12),
        "it may still come to exist"
    );
    let outputs = created(&mut admission, NOW, &ask(1));
    let expected = Output::End {
        member: HOME,
        ask: ask(1).id,
        server: Some(server(1)),
    };
    assert_eq!(outputs, [expected]);
    assert_eq!(load(&mut admission, NOW, 1), Load::ZERO);
}

#[test]
fn a_meeting_that_exists_is_ended_by_a_cancellation() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    created(&mut admission, NOW, &ask(1));
    assert_eq!(ends(&cancel(&mut admission, NOW, &ask(1))), 1);
    assert_eq!(ends(&cancel(&mut admission, NOW, &ask(1))), 0, "once");
}

#[test]
fn a_member_cannot_cancel_what_is_another_s() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    created(&mut admission, NOW, &ask(1));
    let foreign = Ask {
        member: OTHER,
        ..ask(1)
    };
    assert_eq!(cancel(&mut admission, NOW, &foreign), []);
}

#[test]
fn a_creation_that_takes_too_long_is_given_up_and_ended_when_it_comes() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    assert_eq!(
        admission
            .handle(NOW.plus_ms(1_500), WALL, Input::Wake)
            .len(),
        1,
        "not yet"
    );
    let outputs = admission.handle(NOW.plus_ms(1_501), WALL, Input::Wake);
    let (member, id) = (HOME, ask(1).id);
    assert_eq!(outputs, [Output::Failed { member, ask: id }]);
    assert_eq!(
        ends(&created(&mut admission, NOW.plus_ms(2_000), &ask(1))),
        1
    );

    send(&mut admission, NOW, ask(2));
    let outputs = created(&mut admission, NOW.plus_ms(1_501), &ask(2));
    assert!(
        matches!(outputs[..], [Output::Failed { .. }, Output::End { .. }]),
        "without a wake"
    );
}

#[test]
fn a_later_attempt_takes_the_place_of_an_earlier_one_but_not_on_its_server() {
    let mut admission = owner(2);
    let first = granted(&send(&mut admission, NOW, ask(1))).unwrap();
    let again = attempt(&ask(1), 2);
    let second = granted(&send(&mut admission, NOW, again.clone())).unwrap();
    assert_ne!(first, second, "ending the first would end the second");
    assert_eq!(
        answer(&send(&mut admission, NOW, ask(1))),
        Answer::Cancelled
    );
    assert_eq!(ends(&created(&mut admission, NOW, &ask(1))), 1);
    assert_eq!(ends(&created(&mut admission, NOW, &again)), 0);
}

#[test]
fn a_server_that_failed_is_not_tried_again_for_the_same_request() {
    let mut admission = owner(2);
    let first = granted(&send(&mut admission, NOW, ask(1))).unwrap();
    assert!(matches!(
        failed(&mut admission, &ask(1))[..],
        [Output::Failed { .. }]
    ));
    assert_eq!(load(&mut admission, NOW, first.0[0]), Load::ZERO);
    let second = granted(&send(&mut admission, NOW, attempt(&ask(1), 2)));
    assert!(second.is_some_and(|second| second != first));
    failed(&mut admission, &attempt(&ask(1), 2));
    assert_eq!(
        answer(&send(&mut admission, NOW, attempt(&ask(1), 3))),
        Answer::Closed
    );
}

#[test]
fn a_binding_voids_the_other_attempts_of_its_request() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    created(&mut admission, NOW, &ask(1));
    let mut bound = |number| {
        let (member, ask) = (HOME, attempt(&ask(1), number).id);
        admission.handle(NOW, WALL, Input::Bound { member, ask })
    };
    assert_eq!(ends(&bound(1)), 0, "the one that counts");
    assert_eq!(
        ends(&bound(3)),
        1,
        "it was placed elsewhere and the cancellation was lost"
    );
}

#[test]
fn a_meeting_this_node_does_not_know_is_ended_when_its_creation_is_told() {
    let mut admission = owner(1);
    let outputs = created(&mut admission, NOW, &ask(1));
    assert!(matches!(outputs[..], [Output::End { server: None, .. }]));
}

#[test]
fn a_creation_of_which_nothing_is_heard_is_forgotten_in_the_end() {
    let mut admission = owner(1);
    send(&mut admission, NOW, ask(1));
    cancel(&mut admission, NOW, &ask(1));
    let later = NOW.plus_ms(PREDICTION_MS + 1);
    admission.handle(later, WALL, Input::Wake);
    assert!(matches!(
        created(&mut admission, later, &ask(1))[..],
        [Output::End { server: None, .. }]
    ));
}
