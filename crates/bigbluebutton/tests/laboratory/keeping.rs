//! What outlives a meeting or comes from outside it: recordings, captions, documents and hooks.

use bigbluebutton::{
    Failure, Parameters,
    answer::{Done, HookCreated},
    client::Payload,
    request::{RecordingFilter, SendChatMessage},
};

use crate::common::{person, refusal, room, setting};

#[tokio::test]
async fn a_recording_appears_and_is_published_changed_and_deleted() {
    let lab = setting().await;
    let client = &lab.client;
    let recorded = room()
        .with("record", "true")
        .with("meta_gl-listed", "false");
    let created = client.create(&recorded, None).await.unwrap();
    client.join(person("Ada", "MODERATOR")).await.unwrap();
    client.end("r1", Some("mp")).await.unwrap();
    lab.pass(2_000);
    let by_meeting = || RecordingFilter {
        meeting_ids: vec!["r1".into()],
        ..Default::default()
    };
    assert!(
        client
            .recordings(by_meeting())
            .await
            .unwrap()
            .recordings
            .is_empty()
    );
    let any = RecordingFilter {
        states: vec!["any".into()],
        ..by_meeting()
    };
    assert_eq!(
        client.recordings(any).await.unwrap().recordings[0].state,
        "processing"
    );
    lab.pass(5_000);
    let found = client.recordings(by_meeting()).await.unwrap().recordings;
    let id = created.internal_id.as_str();
    assert_eq!(
        (found[0].record_id.as_str(), found[0].published),
        (id, true)
    );
    assert_eq!(found[0].formats().len(), 2);
    assert_eq!(found[0].formats()[0].images.len(), 3);

    let done = client.publish_recordings(&[id], false).await.unwrap();
    assert_eq!(done, Done::Published(false));
    let changes = Parameters::new()
        .with("meta_gl-listed", "true")
        .with("meta_name", "Tea");
    assert_eq!(
        client.update_recordings(&[id], changes).await.unwrap(),
        Done::Updated(true)
    );
    let listed = RecordingFilter {
        record_ids: vec![id[..20].to_owned()],
        meta: vec![("gl-listed".into(), "true".into())],
        ..RecordingFilter::default()
    };
    let found = client.recordings(listed).await.unwrap().recordings;
    assert_eq!((found.len(), found[0].state.as_str()), (1, "unpublished"));
    assert_eq!(
        client.delete_recordings(&[id]).await.unwrap(),
        Done::Deleted(true)
    );
    assert!(
        client
            .recordings(by_meeting())
            .await
            .unwrap()
            .recordings
            .is_empty()
    );
    let gone = refusal(client.publish_recordings(&[id], true).await);
    assert_eq!(gone, Failure::recordings_not_found());
    let none = refusal(client.delete_recordings(&[]).await);
    assert_eq!(none, Failure::missing_record_id());
}

#[tokio::test]
async fn captions_are_added_and_listed() {
    let lab = setting().await;
    lab.client
        .create(&room().with("record", "true"), None)
        .await
        .unwrap();
    lab.client.join(person("Ada", "MODERATOR")).await.unwrap();
    lab.client.end("r1", None).await.unwrap();
    lab.pass(2_000);
    lab.pass(5_000);
    let id = lab.laboratory.handle.recordings()[0].record_id.clone();
    let track = Parameters::new()
        .with("recordID", id.as_str())
        .with("kind", "subtitles");
    let upload = || Payload::new("multipart/form-data; boundary=x", "--x--");
    let missing = refusal(lab.client.put_text_track(&track, upload()).await);
    assert_eq!(missing, Failure::missing_parameter());
    let track = track.with("lang", "ca");
    assert_eq!(
        lab.client
            .put_text_track(&track, upload())
            .await
            .unwrap()
            .record_id,
        id
    );
    let tracks = lab.client.text_tracks(&id).await.unwrap();
    assert_eq!((tracks.0.len(), tracks.0[0].lang.as_str()), (1, "ca"));
    let unknown = refusal(lab.client.text_tracks("unknown").await);
    assert_eq!(unknown, Failure::no_recording_for_tracks());
}

#[tokio::test]
async fn documents_and_messages_reach_a_meeting() {
    let lab = setting().await;
    let slides = "<modules><module name=\"presentation\"><document url=\"https://a/b.pdf\"/>\
                  <document name=\"c.pdf\">JVBERi0=</document></module></modules>";
    lab.client
        .create(&room(), Some(Payload::xml(slides)))
        .await
        .unwrap();
    lab.client
        .insert_document("r1", Payload::xml(slides))
        .await
        .unwrap();
    let message = |id: &str| SendChatMessage {
        meeting_id: id.into(),
        message: "Tea is ready".into(),
        user_name: None,
        rest: Parameters::new(),
    };
    lab.client.send_chat_message(message("r1")).await.unwrap();
    assert_eq!(lab.laboratory.handle.received("r1"), Some(5));
    let lost = refusal(lab.client.send_chat_message(message("r9")).await);
    assert_eq!(lost, Failure::meeting_not_found());
    let broken = lab
        .client
        .insert_document("r1", Payload::xml("<modules>"))
        .await;
    assert_eq!(refusal(broken), Failure::malformed());
}

#[tokio::test]
async fn hooks_are_created_once_listed_and_removed() {
    let lab = setting().await;
    let client = &lab.client;
    let hook = Parameters::new().with("callbackURL", "http://127.0.0.1:1/h");
    let HookCreated::New { hook_id, .. } = client.create_hook(&hook).await.unwrap() else {
        panic!("it is the first hook");
    };
    let again = client.create_hook(&hook).await.unwrap();
    assert_eq!(
        again,
        HookCreated::Duplicate {
            hook_id: hook_id.clone()
        }
    );
    assert_eq!(client.hooks(None).await.unwrap().0.len(), 1);
    assert_eq!(
        client.destroy_hook(&hook_id).await.unwrap(),
        Done::Removed(true)
    );
    assert_eq!(
        refusal(client.destroy_hook(&hook_id).await),
        Failure::missing_hook()
    );
    assert!(client.hooks(Some("r1")).await.unwrap().0.is_empty());
}
