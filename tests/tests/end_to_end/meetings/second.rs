//! A second node of a co-op: people get into their meetings while the first one is away.

use end_to_end::{
    coop::{Coop, accept, make_token},
    federation::{Federation, charter},
    http::Client,
    meetings::{FrontEnd, Laboratory, Said},
    second::{carried, second_of},
    story::story,
    wait,
};

use super::rooms::{link, start};

/// How long nodes may take to find each other, and a server to prove itself to another node of its owner.
const MEET_SECONDS: u64 = 60;
/// How long a laboratory takes to end a meeting, and a node to notice.
const ENDED_SECONDS: u64 = 15;

/// Alder has a server, a front end, a room and two nodes; Birch has a front end.
struct Story {
    federation: Federation,
    laboratory: Laboratory,
    second: Coop,
    /// One front end of Alder, at either node.
    at_first: FrontEnd,
    at_second: FrontEnd,
    of_birch: FrontEnd,
    /// The guests' link into Alder's room, whose meeting runs.
    room: String,
}

impl Story {
    async fn begin() -> Self {
        let federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let [alder, birch] = &federation.coops[..] else {
            panic!("two were founded");
        };
        let laboratory = Laboratory::start(alder, &[]).await;
        laboratory.added_to(alder, "eu-west").await;
        let at_first = FrontEnd::of(alder, "Rooms", &[]).await;
        let of_birch = FrontEnd::of(birch, "Classes", &[]).await;
        let mut steward = alder.sign_in_again().await;
        let fields = [
            ("title", "Open hour"),
            ("people", "12"),
            ("entrance", "anybody"),
        ];
        let made = steward
            .submit("/rooms", "/rooms", &fields)
            .await
            .expect(303);
        let room = made
            .header("location")
            .unwrap()
            .split_once('?')
            .unwrap()
            .0
            .to_owned();
        start(&mut steward, &room).await;
        let page = steward.get(&room).await.expect(200).body;
        let second = second_of(alder, &federation).await;
        let at_second = FrontEnd {
            server: second.web,
            secret: at_first.secret.clone(),
        };
        Self {
            room: link(&page, "guest"),
            federation,
            laboratory,
            second,
            at_first,
            at_second,
            of_birch,
        }
    }

    /// How many meetings run beside that of the room.
    async fn meetings(&self) -> u64 {
        self.laboratory.meetings().await - 1
    }
}

async fn information(front: &FrontEnd, id: &str) -> Said {
    front.call("getMeetingInfo", &[("meetingID", id)]).await
}

#[test]
fn joins_survive_the_first_node_and_no_room_is_parted() {
    story(240, async {
        let mut story = Story::begin().await;
        one_meeting_through_both(&story).await;
        somebody_signs_in_at_the_second(&mut story).await;

        story.at_first.creates("weekly", &[]).await;
        story.of_birch.creates("lesson", &[]).await;
        story.at_first.joins("weekly", "Robin").await;
        assert_eq!(story.meetings().await, 2);
        the_second_knows_all(&story).await;
        story.federation.coops[0].kill().await;
        the_second_alone(&story).await;

        story.federation.coops[0].start(&[]).await;
        wait::until(
            "the first one places meetings again",
            MEET_SECONDS,
            async || {
                let said = story.at_second.create("new", &[]).await;
                said.is_success().then_some(())
            },
        )
        .await;
        story.at_first.joins("new", "Noor").await;
        story.at_first.joins("weekly", "Sam").await;
        assert_eq!(story.meetings().await, 3);
        a_new_secret(&mut story).await;
    });
}

/// Both are asked at once for one meeting, and either knows it.
async fn one_meeting_through_both(story: &Story) {
    let (first, second) = (&story.at_first, &story.at_second);
    wait::until("the second node passes on", MEET_SECONDS, async || {
        information(second, "none")
            .await
            .text("messageKey")
            .filter(|key| key == "notFound")
    })
    .await;
    let (one, other) = tokio::join!(first.create("daily", &[]), second.create("daily", &[]));
    let (one, other) = (one.succeeds(), other.succeeds());
    let of = |said: &Said| said.text("internalMeetingID");
    assert!(
        of(&one).is_some() && of(&one) == of(&other),
        "{one:?} {other:?}"
    );
    assert_eq!(story.meetings().await, 1);
    for front in [first, second] {
        assert_eq!(front.joins("daily", "Kim").await, story.laboratory.url());
        let known = information(front, "daily").await.succeeds();
        assert_eq!(of(&known), of(&one));
        assert_eq!(front.meetings().await, ["daily"]);
    }
    second.end("daily").await.succeeds();
    wait::until("it is over", ENDED_SECONDS, async || {
        (first.meetings().await.is_empty() && story.meetings().await == 0).then_some(())
    })
    .await;
}

/// The second node says where people sign in, and leads in whom its own link was given.
async fn somebody_signs_in_at_the_second(story: &mut Story) {
    let said = |line: &str| {
        line.contains("people sign in at the other node")
            .then_some(())
    };
    let process = story.second.running();
    process.line("where people sign in", 5, said).await;
    let root = story.federation.coops[0].data().join("root.key");
    let root = root.to_string_lossy();
    let words = [
        "person",
        "invite",
        "Sam",
        "--roles",
        "steward",
        "--root-key",
        &root,
    ];
    let link = story.second.ask(&words).await["path"].take();
    let link = story.second.url(link.as_str().unwrap());
    let mut sam = accept(story.second.web, &link, "Sam").await;
    story.second.use_token(&make_token(&mut sam).await);
    let page = sam.get("/node/servers").await.expect(200).body;
    let server = story.laboratory.address.to_string();
    assert!(page.contains(&server), "{page}");
}

/// Where meetings are is recorded a moment after they began; the second node goes by the records.
async fn the_second_knows_all(story: &Story) {
    let rooms = async |coop: &Coop| {
        let all = coop.api("/api/meetings").await["meetings"].take();
        let all = all.as_array().cloned().unwrap_or_default();
        let mut rooms: Vec<String> = all.iter().map(|one| one["room"].to_string()).collect();
        rooms.sort();
        rooms
    };
    let expected = rooms(&story.federation.coops[0]).await;
    assert!(!expected.is_empty());
    wait::until_equal("the records of all meetings", 20, &expected, async || {
        rooms(&story.second).await
    })
    .await;
}

/// What goes on without the first node, and what waits for it.
async fn the_second_alone(story: &Story) {
    let server = story.laboratory.url();
    for (front, id) in [(&story.of_birch, "lesson"), (&story.at_second, "weekly")] {
        wait::until(&format!("{id} is joined"), ENDED_SECONDS, async || {
            front.join(id, "Ada").await.ok()
        })
        .await;
        assert_eq!(front.joins(id, "Ada").await, server);
        information(front, id).await.succeeds();
        front.create(id, &[]).await.succeeds();
    }
    let refused = story.at_second.create("new", &[]).await;
    let refused = refused.fails("serverUnavailable");
    let why = refused.text("message").unwrap();
    assert!(why.contains("cannot be reached"), "{why}");
    assert_eq!(
        story.meetings().await,
        2,
        "nothing is left of what was refused"
    );

    let mut guest = Client::of(story.second.web);
    let page = guest.get(&story.room).await.expect(200).body;
    assert!(
        page.contains("The meeting has been running since"),
        "{page}"
    );
    let told = guest
        .submit(&story.room, &story.room, &[("name", "Gus")])
        .await
        .expect(200);
    assert!(told.body.contains(&format!("url={server}/")), "{told:#?}");
    guest.get("/metrics").await.expect(200);
}

/// A secret that was changed at the first node works at the second once it was told.
async fn a_new_secret(story: &mut Story) {
    let alder = &story.federation.coops[0];
    let changed = alder.ask(&["tenant", "rotate", "Rooms"]).await;
    let changed = FrontEnd {
        server: story.second.web,
        secret: changed["secret"].as_str().unwrap().to_owned(),
    };
    changed
        .call("getMeetings", &[])
        .await
        .fails("checksumError");
    carried(alder, &story.second, "pack").await;
    assert_eq!(changed.meetings().await, ["new", "weekly"]);
    // The old one goes on for a while, here too.
    assert_eq!(story.at_second.meetings().await, ["new", "weekly"]);
    let nodes = story.second.ask(&["node", "list"]).await["nodes"].clone();
    assert_eq!(nodes.as_array().map(Vec::len), Some(2), "{nodes}");
    assert!(
        nodes[0]["connected"] == true && nodes[1]["own"] == true,
        "{nodes}"
    );
}
