//! The client and the laboratory through the life of meetings.

use bigbluebutton::{Algorithm, Failure, Parameters, laboratory::Crowd};

use crate::common::{START_MS, person, refusal, room, setting};

#[tokio::test]
async fn a_meeting_is_created_joined_seen_and_ended() {
    let lab = setting().await;
    let client = &lab.client;
    assert_eq!(client.index().await.unwrap().version, "2.0");
    let created = client
        .create(&room().with("maxParticipants", "2"), None)
        .await
        .unwrap();
    assert_eq!(created.created_at_ms, START_MS);
    assert_eq!(created.message_key, "");
    assert!(
        created.internal_id.ends_with(&format!("-{START_MS}")),
        "{}",
        created.internal_id
    );
    assert!(!client.is_meeting_running("r1").await.unwrap());

    let joined = client
        .join(person("Ada", "MODERATOR").with("userdata-x", "1"))
        .await
        .unwrap();
    assert_eq!(joined.internal_meeting_id, created.internal_id);
    client
        .join(person("Bo", "viewer").with("createTime", START_MS.to_string()))
        .await
        .unwrap();
    let full = refusal(client.join(person("Cy", "viewer")).await);
    assert_eq!(full, Failure::max_participants_reached());

    assert!(client.is_meeting_running("r1").await.unwrap());
    let info = client.meeting_info("r1").await.unwrap();
    assert_eq!(
        (info.participant_count, info.moderator_count, info.max_users),
        (2, 1, 2)
    );
    assert_eq!(info.attendees[0].full_name, "Ada");
    assert_eq!(
        info.attendees[0]
            .custom_data
            .as_ref()
            .unwrap()
            .get("x")
            .as_deref(),
        Some("1")
    );
    assert_eq!(client.meetings().await.unwrap().0, [info]);

    let wrong = refusal(client.end("r1", Some("xx")).await);
    assert_eq!(wrong, Failure::wrong_moderator_password());
    assert_eq!(
        client.end("r1", Some("mp")).await.unwrap().key,
        "sentEndMeetingRequest"
    );
    let late = refusal(client.join(person("Dee", "viewer")).await);
    assert_eq!(late, Failure::meeting_forcibly_ended());
    assert!(client.meeting_info("r1").await.unwrap().forcibly_ended);
    lab.pass(2_000);
    assert_eq!(
        refusal(client.meeting_info("r1").await),
        Failure::meeting_not_found()
    );
    assert!(client.meetings().await.unwrap().0.is_empty());
}

#[tokio::test]
async fn a_repeated_create_finds_the_meeting_only_with_its_passwords() {
    let lab = setting().await;
    let first = lab.client.create(&room(), None).await.unwrap();
    lab.pass(1_000);
    let again = lab.client.create(&room(), None).await.unwrap();
    assert!(again.is_duplicate());
    assert_eq!(again.created_at_ms, first.created_at_ms);
    let mut other = room();
    other.set("moderatorPW", "zz");
    assert_eq!(
        refusal(lab.client.create(&other, None).await),
        Failure::id_not_unique()
    );
    other.take("moderatorPW");
    assert_eq!(
        refusal(lab.client.create(&other, None).await),
        Failure::id_not_unique()
    );
}

#[tokio::test]
async fn a_voice_bridge_belongs_to_one_meeting_until_it_ends() {
    let lab = setting().await;
    let with = |id: &str, bridge: &str| {
        Parameters::new()
            .with("name", "Room")
            .with("meetingID", id)
            .with("voiceBridge", bridge)
    };
    lab.client.create(&with("r1", "70001"), None).await.unwrap();
    let taken = refusal(lab.client.create(&with("r2", "70001"), None).await);
    assert_eq!(taken, Failure::voice_bridge_not_unique());
    lab.client.end("r1", None).await.unwrap();
    lab.pass(2_000);
    lab.client.create(&with("r2", "70001"), None).await.unwrap();
    // The bridge of the echo test makes a meeting nobody can join.
    let trap = lab.client.create(&with("r3", "99999"), None).await.unwrap();
    assert_eq!(trap.internal_id, format!("-{}", START_MS + 2_000));
    let join = Parameters::from_query("meetingID=r3&fullName=Ada&role=viewer").unwrap();
    assert_eq!(
        refusal(lab.client.join(join).await),
        Failure::invalid_meeting_identifier()
    );
}

#[tokio::test]
async fn a_password_gives_the_role_where_none_is_asked_for() {
    let lab = setting().await;
    lab.client.create(&room(), None).await.unwrap();
    let with = |password: &str| {
        Parameters::new()
            .with("meetingID", "r1")
            .with("fullName", "Ada")
            .with("password", password)
    };
    lab.client.join(with("mp")).await.unwrap();
    lab.client.join(with("ap")).await.unwrap();
    assert_eq!(
        refusal(lab.client.join(with("no")).await),
        Failure::join_password()
    );
    assert_eq!(
        refusal(lab.client.join(with("")).await),
        Failure::join_role_or_password()
    );
    assert_eq!(
        lab.client.meeting_info("r1").await.unwrap().moderator_count,
        1
    );
    let old = person("Ada", "viewer").with("createTime", "5");
    assert_eq!(
        refusal(lab.client.join(old).await),
        Failure::mismatch_create_time()
    );
}

#[tokio::test]
async fn meetings_end_by_themselves() {
    let lab = setting().await;
    let minute = 60_000;
    // Nobody comes.
    lab.client.create(&room(), None).await.unwrap();
    lab.pass(5 * minute);
    lab.pass(2_000);
    assert!(lab.laboratory.handle.meetings().is_empty());
    // Everybody leaves.
    lab.client.create(&room(), None).await.unwrap();
    let crowd = Crowd {
        people: 3,
        stay_ms: 10 * minute,
        ..Crowd::default()
    };
    assert!(lab.laboratory.handle.simulate("r1", &crowd));
    lab.pass(10 * minute);
    assert_eq!(lab.laboratory.handle.meetings()[0].participant_count, 0);
    lab.pass(minute);
    lab.pass(2_000);
    assert!(lab.laboratory.handle.meetings().is_empty());
    // Its time is over.
    lab.client
        .create(&room().with("duration", "30"), None)
        .await
        .unwrap();
    lab.laboratory.handle.simulate(
        "r1",
        &Crowd {
            people: 1,
            ..Crowd::default()
        },
    );
    lab.pass(29 * minute);
    assert_eq!(lab.laboratory.handle.meetings().len(), 1);
    lab.pass(minute);
    lab.pass(2_000);
    assert!(lab.laboratory.handle.meetings().is_empty());
}

#[tokio::test]
async fn a_meeting_goes_on_when_somebody_comes_back_in_time() {
    let lab = setting().await;
    lab.client.create(&room(), None).await.unwrap();
    let brief = Crowd {
        people: 1,
        stay_ms: 10_000,
        ..Crowd::default()
    };
    lab.laboratory.handle.simulate("r1", &brief);
    lab.pass(10_000);
    lab.pass(50_000);
    lab.laboratory.handle.simulate(
        "r1",
        &Crowd {
            stay_ms: 30_000,
            ..brief
        },
    );
    lab.pass(30_000);
    // A minute after the first left and half of one after the second.
    assert!(!lab.laboratory.handle.meetings()[0].forcibly_ended);
    lab.pass(60_000);
    assert!(lab.laboratory.handle.meetings()[0].forcibly_ended);
}

#[tokio::test]
async fn simulated_people_come_over_time_with_cameras_and_microphones() {
    let lab = setting().await;
    lab.client.create(&room(), None).await.unwrap();
    let crowd = Crowd {
        people: 10,
        moderators: 1,
        microphones: 4,
        cameras: 3,
        arrive_over_ms: 10_000,
        stay_ms: 0,
    };
    assert!(lab.laboratory.handle.simulate("r1", &crowd));
    assert_eq!(
        lab.client
            .meeting_info("r1")
            .await
            .unwrap()
            .participant_count,
        1
    );
    lab.pass(10_000);
    let info = lab.client.meeting_info("r1").await.unwrap();
    assert_eq!((info.participant_count, info.moderator_count), (10, 1));
    assert_eq!(
        (
            info.voice_participant_count,
            info.listener_count,
            info.video_count
        ),
        (4, 6, 3)
    );
    assert!(!lab.laboratory.handle.simulate("elsewhere", &crowd));
}

#[tokio::test]
async fn a_wrong_secret_or_a_switched_off_algorithm_is_refused() {
    let lab = setting().await;
    let endpoint = lab.client.endpoint().clone();
    let other = bigbluebutton::Secret::new("wrong").unwrap();
    let stranger = bigbluebutton::Client::new(crate::common::transport(), endpoint, other);
    let error = stranger.meetings().await.unwrap_err();
    assert_eq!(error.failure(), Failure::server_unavailable());
    assert_eq!(refusal(Err::<(), _>(error)), Failure::checksum());
    assert_eq!(
        refusal(stranger.text_tracks("x").await),
        Failure::checksum()
    );
    assert!(stranger.index().await.is_ok());
    for algorithm in Algorithm::ALL {
        let client = lab.client.clone().with_algorithm(algorithm);
        assert!(client.meetings().await.is_ok(), "{algorithm}");
    }
}

#[tokio::test]
async fn a_create_too_long_for_an_address_goes_as_a_form() {
    let lab = setting().await;
    let welcome = "Welcome & well come. ".repeat(500);
    let long = room()
        .with("welcome", welcome)
        .with("meta_long", "y".repeat(3_000));
    lab.client.create(&long, None).await.unwrap();
    let info = lab.client.meeting_info("r1").await.unwrap();
    assert_eq!(info.metadata.get("long").unwrap().len(), 3_000);
}
