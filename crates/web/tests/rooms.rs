//! Rooms for people: started from the dashboard, entered by link, ended.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::{Method, StatusCode};
use bigbluebutton::{Algorithm, checksum};
use domain::record::Service;
use serde_json::json;
use support::{
    Answer, Browser, PASSWORD, World,
    hosted::hosted_coop,
    meetings::{describe, server},
    program::Program,
    rooms::{TUESDAYS, WEEKLY, circle, links, make, onward, world},
};
use web::clock::Clock;

/// Tries to start a room's meeting, and gives the room's page that says what was in the way.
async fn refused(browser: &mut Browser, room: &str) -> String {
    let answer = browser.submit(room, &format!("{room}/enter"), &[]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body);
    let (path, _) = answer.header("location").split_once("?failed=").unwrap();
    assert_eq!(path, room);
    browser.get(answer.header("location")).await.body
}

#[tokio::test]
async fn one_button_starts_a_meeting_and_leads_into_it_and_one_ends_it() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let page = alice.get(&room).await;
    assert!(page.body.contains("Not running."), "{}", page.body);
    assert!(page.body.contains("Weekly &lt;call&gt;"));

    let enter = format!("{room}/enter");
    let way = onward(&alice.submit(&room, &enter, &[]).await);
    assert_eq!(way.get("role"), Some("MODERATOR"));
    assert_eq!(way.get("fullName"), Some("Alice"));
    let page = alice.get(&room).await;
    for said in [
        "It has been running on Montréal 1 of <a href=",
        "; 7 people.",
        "Montréal 1 was chosen:",
        "End the meeting for all",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    let list = alice.get("/rooms").await.body;
    assert!(list.contains("7 now, planned for 12"), "{list}");
    let meet = alice.get("/meet").await.body;
    assert!(meet.contains("href=\"/rooms\""), "{meet}");
    assert!(meet.contains("Weekly &lt;call&gt;"), "{meet}");

    let ended = alice.submit(&room, &format!("{room}/end"), &[]).await;
    assert_eq!(ended.header("location"), format!("{room}?done=ended"));
    // Its owner has not said yet that it is gone; its server is asked.
    let page = alice.get(&room).await;
    assert!(page.body.contains("Not running."), "{}", page.body);
    // A guest who comes now is late, not early.
    let late = world.browser().get(&links(&page).0).await.body;
    assert!(late.contains("The meeting has ended, "), "{late}");
    assert!(!late.contains("Not started yet"), "{late}");
    let again = alice.submit(&room, &format!("{room}/end"), &[]).await;
    assert_eq!(again.status(), StatusCode::CONFLICT, "{}", again.body);
    assert!(
        again.body.contains("The meeting does not run."),
        "{}",
        again.body
    );
}

#[tokio::test]
async fn a_guest_waits_with_the_name_kept_until_a_moderator_has_started() {
    let world = world().await;
    let mut alice = world.alice().await;
    let asked = [("title", "Weekly"), ("people", "12"), ("entrance", "asked")];
    let room = make(&mut alice, &asked).await;
    let (guest, moderator) = links(&alice.get(&room).await);
    let mut gus = world.browser();
    let page = gus.get(&guest).await;
    assert_eq!(page.status(), StatusCode::OK, "{}", page.body);
    assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(page.header("cache-control"), "no-store");
    for said in [
        "Not started yet.",
        "A room of Co-op 0",
        "Look again",
        "/assets/room.js",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    let name = [("name", "Gus")];
    let early = gus.post(&guest, &name).await;
    assert_eq!(early.status(), StatusCode::OK, "{}", early.body);
    assert!(early.body.contains("Not started yet."), "{}", early.body);
    assert_eq!(early.field("name"), "Gus");

    let mut mo = world.browser();
    let page = mo.get(&moderator).await.body;
    assert!(page.contains("Start and join"), "{page}");
    let way = onward(&mo.post(&moderator, &[("name", "Mo")]).await);
    assert_eq!(way.get("role"), Some("MODERATOR"));
    assert_eq!(way.get("guest"), None);
    let page = gus.get(&guest).await.body;
    assert!(
        page.contains("The meeting has been running since"),
        "{page}"
    );
    assert!(page.contains("A moderator lets you in."), "{page}");
    let way = onward(&gus.post(&guest, &name).await);
    assert_eq!(way.get("role"), Some("VIEWER"));
    assert_eq!(way.get("fullName"), Some("Gus"));
    assert_eq!(way.get("guest"), Some("true"));
    // Whoever has a link may be anywhere, and reads a page that is none of the archive.
    for said in ["id=\"own-time\"", "refreshes itself every 15 seconds"] {
        assert!(early.body.contains(said), "{said}: {}", early.body);
    }
    assert!(!early.body.contains("public archive of"), "{}", early.body);
    for wrong in ["", "a\nb", &"x".repeat(81)] {
        let answer = gus.post(&guest, &[("name", wrong)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(answer.body.contains("There is a problem"));
    }
    // Whoever is signed in has the name filled in, and the way to the room's own page.
    let page = alice.get(&guest).await;
    assert_eq!(page.field("name"), "Alice");
    assert!(
        page.body.contains(&format!("href=\"{room}\"")),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_link_made_anew_makes_the_old_one_void_and_void_ones_say_nothing() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let (old, moderator) = links(&alice.get(&room).await);
    let role = [("role", "guest")];
    let renewed = alice.submit(&room, &format!("{room}/links"), &role).await;
    assert_eq!(
        renewed.header("location"),
        format!("{room}?done=link-renewed")
    );
    let (new, same) = links(&alice.get(&room).await);
    assert_ne!(old, new);
    assert_eq!(moderator, same);
    let mut gus = world.browser();
    assert_eq!(gus.get(&new).await.status(), StatusCode::OK);
    let void = gus.get(&old).await;
    assert_eq!(void.status(), StatusCode::NOT_FOUND);
    assert!(
        void.body.contains("This link leads nowhere"),
        "{}",
        void.body
    );
    assert!(!void.body.contains("Weekly"), "{}", void.body);
    let post = gus.post(&old, &[("name", "Gus")]).await;
    assert_eq!(post.status(), StatusCode::NOT_FOUND);
    let nobodys = format!("/rooms/{}/{}", "0".repeat(32), "A".repeat(22));
    let unknown = gus.get(&nobodys).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    let plain = |page: &Answer, path: &str| page.body.replace(path, "");
    assert_eq!(plain(&unknown, &nobodys), plain(&void, &old));

    let closed = [("closed", "yes")];
    let answer = alice.submit(&room, &format!("{room}/close"), &closed).await;
    assert_eq!(answer.header("location"), format!("{room}?done=closed"));
    assert_eq!(gus.get(&new).await.status(), StatusCode::NOT_FOUND);
    let csrf = alice.get(&room).await.field("csrf").to_owned();
    let refused = alice
        .post(&format!("{room}/enter"), &[("csrf", &csrf)])
        .await;
    let page = alice.get(refused.header("location")).await.body;
    assert!(page.contains("This room is closed."), "{page}");
    let answer = alice.submit(&room, &format!("{room}/close"), &[]).await;
    assert_eq!(answer.header("location"), format!("{room}?done=reopened"));
    assert_eq!(gus.get(&new).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn guessing_links_is_slowed_down_and_using_one_is_not() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let (guest, _) = links(&alice.get(&room).await);
    let mut gus = world.browser();
    for _ in 0..40 {
        assert_eq!(gus.get(&guest).await.status(), StatusCode::OK);
    }
    let wrong = format!("{room}/{}", "A".repeat(22));
    for _ in 0..120 {
        assert_eq!(gus.get(&wrong).await.status(), StatusCode::NOT_FOUND);
    }
    let slowed = gus.get(&wrong).await;
    assert_eq!(slowed.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(gus.get(&guest).await.status(), StatusCode::OK);
    // Whoever has somebody's browser open void links does not lock them out.
    let signed_in = gus.sign_in("alice", PASSWORD).await;
    assert_eq!(
        signed_in.status(),
        StatusCode::SEE_OTHER,
        "{}",
        signed_in.body
    );
}

#[tokio::test]
async fn a_rooms_member_has_it_alone_also_at_a_host() {
    let world = world().await;
    let mut alice = world.alice().await;
    let (mut dora, member) = hosted_coop(&world, &mut alice).await;
    let alices = make(&mut alice, &WEEKLY).await;
    let doras = make(&mut dora, &[("title", "Buyers"), WEEKLY[1], WEEKLY[2]]).await;
    for (browser, other, title) in [
        (&mut alice, &doras, "Buyers"),
        (&mut dora, &alices, "Weekly"),
    ] {
        assert_eq!(browser.get(other).await.status(), StatusCode::NOT_FOUND);
        let edit = browser.get(&format!("{other}/edit")).await;
        assert_eq!(edit.status(), StatusCode::NOT_FOUND);
        for act in ["enter", "end", "links", "close"] {
            let path = format!("{other}/{act}");
            let fields = [("role", "guest"), ("closed", "yes")];
            let answer = browser.submit("/rooms", &path, &fields).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let list = browser.get("/rooms").await.body;
        assert!(!list.contains(title), "{list}");
    }
    onward(&dora.submit(&doras, &format!("{doras}/enter"), &[]).await);
    onward(&alice.submit(&alices, &format!("{alices}/enter"), &[]).await);
    let tenants = world.node.read(|core| {
        let tenants = core.view().meetings.tenants.values();
        let of = tenants.map(|known| (known.record.member, known.record.name.clone()));
        of.collect::<Vec<_>>()
    });
    assert_eq!(tenants.len(), 2, "{tenants:?}");
    assert!(
        tenants.contains(&(member, "Rooms of Buyers' union".to_owned())),
        "{tenants:?}"
    );
    let listed = alice.get("/node/tenants").await.body;
    assert!(
        listed.contains("Rooms of Buyers&#39;") || listed.contains("Rooms of Buyers'"),
        "{listed}"
    );
    let meet = dora.get("/meet").await.body;
    assert!(meet.contains("Rooms of Buyers"), "{meet}");
    // What a room is called only its own people read, not even those of its host.
    let named = "<th scope=\"row\">Buyers<span";
    assert!(meet.contains(named), "{meet}");
    let hosts = alice.get("/meet").await.body;
    assert!(hosts.contains("Weekly &lt;call&gt;"), "{hosts}");
    assert!(!hosts.contains(named), "{hosts}");
}

#[tokio::test]
async fn the_limits_of_the_rooms_tenant_hold_as_a_front_ends_do() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let other = make(&mut alice, &[("title", "Other"), WEEKLY[1], WEEKLY[2]]).await;
    onward(&alice.submit(&room, &format!("{room}/enter"), &[]).await);
    let tenant = world.node.read(|core| {
        let mut tenants = core.view().meetings.tenants.keys();
        tenants.next().unwrap().to_string()
    });
    let page = format!("/node/tenants/{tenant}");
    assert!(alice.get("/rooms").await.body.contains("name=\"record\""));
    let fields = [("meetings_max", "1")];
    let set = alice
        .submit(&page, &format!("{page}/limits"), &fields)
        .await;
    assert_eq!(set.status(), StatusCode::SEE_OTHER, "{}", set.body);
    let page_of_rooms = alice.get("/rooms").await.body;
    assert!(
        !page_of_rooms.contains("name=\"record\""),
        "{page_of_rooms}"
    );
    let said = "Only 1 meeting can run at one time here.";
    let refused = refused(&mut alice, &other).await;
    assert!(refused.contains(said), "{refused}");
    // Who comes to one that runs is not a further meeting.
    onward(&alice.submit(&room, &format!("{room}/enter"), &[]).await);
}

#[tokio::test]
async fn the_rooms_of_the_dashboard_have_no_secret_for_anybody() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    onward(&alice.submit(&room, &format!("{room}/enter"), &[]).await);
    let id = world.node.read(|core| {
        let mut tenants = core.view().meetings.tenants.keys();
        *tenants.next().unwrap()
    });
    let own = format!("/node/tenants/{id}");
    let page = alice.get(&own).await.body;
    assert!(
        page.contains("These are the rooms that people make"),
        "{page}"
    );
    for act in ["rotate", "remove", "configuration"] {
        assert!(!page.contains(&format!("{own}/{act}")), "{act}: {page}");
    }
    let known = [("secret", "a-secret-that-is-known")];
    for (act, fields) in [("rotate", &known[..]), ("remove", &[])] {
        let answer = alice.submit(&own, &format!("{own}/{act}"), fields).await;
        assert_eq!(
            answer.status(),
            StatusCode::CONFLICT,
            "{act}: {}",
            answer.body
        );
    }
    for path in ["secret", "configuration?for=moodle&with_secret=yes"] {
        let answer = alice.get(&format!("{own}/{path}")).await;
        assert_eq!(
            answer.status(),
            StatusCode::CONFLICT,
            "{path}: {}",
            answer.body
        );
    }
    let mut program = Program::of_alice(&world).await;
    let (path, asked) = (format!("/api/tenants/{id}"), json!({ "for": "moodle" }));
    for (method, path, body) in [
        (Method::POST, format!("{path}/rotate"), Some(json!({}))),
        (Method::POST, format!("{path}/configuration"), Some(asked)),
        (Method::DELETE, path.clone(), None),
    ] {
        let answer = program.call(method, &path, body.as_ref()).await;
        assert_eq!(
            answer.json()["error"]["code"],
            "tenant-of-rooms",
            "{}",
            answer.body
        );
    }
    assert_eq!(
        program.get("/api/tenants").await["tenants"][0]["rooms"],
        true
    );
    // Not even its own secret opens the gateway.
    let tenants = world.site.tenants.snapshot();
    let secret = tenants
        .secrets_of(id, Clock::now(&*world.clock))
        .next()
        .unwrap();
    let query = checksum::sign(Algorithm::Sha256, "getMeetings", "", secret);
    let answer = world
        .browser()
        .get(&format!("/bigbluebutton/api/getMeetings?{query}"))
        .await;
    assert!(answer.body.contains("checksumError"), "{}", answer.body);
}

#[tokio::test]
async fn what_found_no_place_says_how_many_there_are_places_for() {
    let world = world().await;
    let mut alice = world.alice().await;
    let many = [
        ("title", "Assembly"),
        ("people", "260"),
        ("entrance", "anybody"),
    ];
    let room = make(&mut alice, &many).await;
    let enter = format!("{room}/enter");
    let refused = refused(&mut alice, &room).await;
    let said = "No room for 260 now: no server that takes meetings now has so many places left. \
                Try again later, or try 180.";
    assert!(refused.contains(said), "{refused}");
    assert!(refused.contains("Why not"), "{refused}");
    // A page that was answered there is loaded again.
    let again = alice.get(&enter).await;
    assert_eq!(
        (again.status(), again.header("location")),
        (StatusCode::SEE_OTHER, &*room)
    );
    // The one that records takes no new meetings.
    let fields = [&WEEKLY[..], &[("record", "yes")]].concat();
    let room = make(&mut alice, &fields).await;
    let mut shut = server("Montréal 1", "ca-east", Service::Cordoned);
    shut.features.insert("recording".to_owned());
    describe(&world, 0, shut).await;
    describe(&world, 0, server("Plain", "ca-east", Service::Open)).await;
    let said = "No server that records takes this meeting now.";
    let refused = self::refused(&mut alice, &room).await;
    assert!(refused.contains(said), "{refused}");
    let room = make(&mut alice, &WEEKLY).await;
    describe(&world, 0, server("Plain", "ca-east", Service::Draining)).await;
    let said = "No room for 12 now: every server is draining, cordoned or for tests.";
    let refused = self::refused(&mut alice, &room).await;
    assert!(refused.contains(said), "{refused}");
}

#[tokio::test]
async fn a_room_is_changed_and_what_does_not_fit_is_said_at_its_field() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let edit = format!("{room}/edit");
    let fields = [
        ("title", "Monthly"),
        ("people", "40"),
        ("entrance", "asked"),
        ("region", "ca-east"),
        ("record", "yes"),
    ];
    let saved = alice.submit(&edit, &room, &fields).await;
    assert_eq!(saved.header("location"), format!("{room}?done=saved-here"));
    let page = alice.get(&room).await.body;
    for said in [
        "Monthly",
        "40 people",
        "ca-east",
        "A moderator lets them in",
        "when a moderator",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for (at, wrong) in [
        (0, ""),
        (0, "x"),
        (0, "a\u{202e}b"),
        (1, "0"),
        (1, "1001"),
        (1, "many"),
        (2, ""),
        (3, "mars"),
    ] {
        let mut fields = fields;
        fields[at].1 = wrong;
        let answer = alice.submit(&edit, &room, &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        let id = format!("href=\"#field-{}\"", fields[at].0);
        assert!(answer.body.contains(&id), "{wrong}: {}", answer.body);
    }
}

/// Lets the node work until something is so.
async fn wait(is_so: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came");
}

#[tokio::test]
async fn a_gathering_is_planned_in_a_room_and_stands_in_calendars_with_its_link() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let page = alice.get(&room).await.body;
    assert!(page.contains("A gathering is a circle’s."), "{page}");
    let circle = circle(&mut alice).await;
    let page = alice.get(&room).await;
    let id = room.rsplit('/').next().unwrap();
    let new = format!("{circle}/gatherings/new?room={id}");
    assert!(
        page.body.contains(&format!("href=\"{new}\"")),
        "{}",
        page.body
    );
    let (guest, _) = links(&page);
    let form = alice.get(&new).await;
    assert_eq!(form.field("title"), "Weekly &lt;call&gt;");
    let link = format!("http://localhost:8080{guest}");
    assert_eq!(form.field("place"), link);
    let fields = [&TUESDAYS[..], &[("place", &link), ("room", id)]].concat();
    let planned = alice
        .submit(&new, &format!("{circle}/gatherings"), &fields)
        .await;
    let gathering = planned
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned();

    let page = alice.get(&room).await.body;
    for said in [
        "Not running. The next gathering in it begins",
        "19 Jan",
        "Operations call</a> of the circle",
        "New agenda",
        "New minutes",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(alice.get("/rooms").await.body.contains("Next: "));
    let begin = format!("{circle}/documents");
    let agenda = [
        ("sort", "agenda"),
        ("gathering", gathering.rsplit('/').next().unwrap()),
    ];
    alice.submit(&room, &begin, &agenda).await;
    let page = alice.get(&room).await.body;
    assert!(page.contains("Agenda of Operations call"), "{page}");
    // Guests see when it starts; from home one button leads there.
    let door = world.browser().get(&guest).await.body;
    assert!(door.contains("It starts"), "{door}");
    assert!(
        door.contains("17:00 UTC") || door.contains("17:00"),
        "{door}"
    );
    let home = alice.get("/").await.body;
    let button = format!("class=\"btn quiet\" href=\"{link}\"");
    assert!(home.contains(&button), "{home}");
    let shown = alice.get(&gathering).await.body;
    assert!(shown.contains(&button), "{shown}");
    assert!(shown.contains(&format!("href=\"{room}\"")), "{shown}");

    let account = alice.get("/account").await.body;
    let at = account.find("/feeds/").unwrap();
    let feed = account[at..].split(['"', '<']).next().unwrap().to_owned();
    let calendar = world.browser().get(&feed).await.body.replace("\r\n ", "");
    assert!(
        calendar.contains(&format!("LOCATION:{link}\r\n")),
        "{calendar}"
    );
    assert!(calendar.contains(&format!("URL:{link}\r\n")), "{calendar}");
    assert!(calendar.contains("DTSTART:20270119T170000Z"), "{calendar}");
    // In summer 18:00 in Madrid is an hour earlier.
    assert!(calendar.contains("DTSTART:20270330T160000Z"), "{calendar}");

    let role = [("role", "guest")];
    alice.submit(&room, &format!("{room}/links"), &role).await;
    let (new, _) = links(&alice.get(&room).await);
    let shown = alice.get(&gathering).await.body;
    assert!(shown.contains(&new) && !shown.contains(&guest), "{shown}");
}

#[tokio::test]
async fn a_gathering_that_is_planned_already_takes_a_room_or_a_new_one() {
    let world = world().await;
    let mut alice = world.alice().await;
    let room = make(&mut alice, &WEEKLY).await;
    let circle = circle(&mut alice).await;
    let page = format!("{circle}/gatherings/new");
    let path = format!("{circle}/gatherings");
    let planned = alice.submit(&page, &path, &TUESDAYS).await;
    let gathering = planned
        .header("location")
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    let page = alice.get(&gathering).await.body;
    assert!(page.contains("Meet in a room of ours"), "{page}");
    let take = format!("{gathering}/room");
    let taken = alice.submit(&gathering, &take, &[("room", "")]).await;
    assert_eq!(
        taken.header("location"),
        format!("{gathering}?done=gathering")
    );
    let page = alice.get(&gathering).await.body;
    assert!(
        page.contains("It meets in your room <a href=\"/rooms/"),
        "{page}"
    );
    let list = alice.get("/rooms").await.body;
    assert_eq!(list.matches("scope=\"row\"").count(), 2, "{list}");
    let id = room.rsplit('/').next().unwrap();
    alice.submit(&gathering, &take, &[("room", id)]).await;
    let page = alice.get(&room).await.body;
    assert!(page.contains("Operations call</a> of the circle"), "{page}");
    let list = alice.get("/rooms").await.body;
    assert_eq!(
        list.matches("Next: ").count(),
        1,
        "it left the other: {list}"
    );
    // Who is not in the circle changes nothing, and no room is made.
    let (mut dora, _) = hosted_coop(&world, &mut alice).await;
    let refused = dora.submit("/rooms", &take, &[("room", "")]).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{}", refused.body);
    let list = dora.get("/rooms").await.body;
    assert!(list.contains("No room is here yet."), "{list}");
}

#[tokio::test]
async fn places_are_wanted_for_the_next_gatherings_of_large_rooms_alone() {
    let world = world().await;
    let mut alice = world.alice().await;
    let circle = circle(&mut alice).await;
    let many = [
        ("title", "Assembly"),
        ("people", "150"),
        ("entrance", "anybody"),
        ("region", "ca-east"),
        ("record", "yes"),
    ];
    let mut rooms = Vec::new();
    for fields in [&many[..], &WEEKLY[..]] {
        let room = make(&mut alice, fields).await;
        let id = room.rsplit('/').next().unwrap();
        rooms.push(id.to_owned());
        let new = format!("{circle}/gatherings/new?room={id}");
        let place = alice.get(&new).await.field("place").to_owned();
        let fields = [&TUESDAYS[..], &[("place", &*place), ("room", id)]].concat();
        alice
            .submit(&new, &format!("{circle}/gatherings"), &fields)
            .await;
    }
    let wanted = web::rooms::wanted::wanted(&world.site).await.unwrap();
    // 18:00 in Madrid on two Tuesdays in winter.
    let first = 1_800_378_000_000;
    assert_eq!(wanted[0].starts.0, first);
    let week = 7 * 86_400_000;
    let starts: Vec<u64> = wanted
        .iter()
        .map(|one| (one.starts.0 - first) / week)
        .collect();
    assert_eq!(starts, [0, 1]);
    for one in &wanted {
        assert_eq!((one.users, one.tenant), (150, wanted[0].tenant));
        assert_eq!(one.terms.region.as_ref().unwrap().as_str(), "ca-east");
        assert_eq!(
            one.terms.features.iter().next().unwrap().as_str(),
            "recording"
        );
    }
    let stands =
        |core: &federation::Core| core.view().meetings.tenants.contains_key(&wanted[0].tenant);
    assert!(world.node.read(stands));
    // The node is told at its start, and again when a room is another.
    let holding = tokio::spawn(web::rooms::wanted::hold_all(world.site.clone()));
    let held = |users: u32| {
        world
            .node
            .read(|core| core.holds().any(|one| one.users == users))
    };
    wait(|| held(150)).await;
    let path = format!("/rooms/{}", rooms[0]);
    let page = alice.get(&path).await.body;
    assert!(page.contains("for 150 people, <time"), "{page}");
    let mut more = many;
    more[1].1 = "160";
    alice.submit(&format!("{path}/edit"), &path, &more).await;
    wait(|| held(160)).await;
    holding.abort();
    world.clock.advance_seconds(6 * 86_400);
    let later = web::rooms::wanted::wanted(&world.site).await.unwrap();
    assert_eq!(later[0].starts.0, first + week);
}

#[tokio::test]
async fn what_was_recorded_is_watched_taken_back_and_deleted() {
    let world = world().await;
    let mut alice = world.alice().await;
    let fields = [&WEEKLY[..], &[("record", "yes")]].concat();
    let room = make(&mut alice, &fields).await;
    let other = make(&mut alice, &fields).await;
    onward(&alice.submit(&room, &format!("{room}/enter"), &[]).await);
    alice.submit(&room, &format!("{room}/end"), &[]).await;
    let page = format!("{room}/recordings");
    let shown = alice.get(&page).await.body;
    for said in [
        "Published",
        "href=\"https://9.9.9.9/playback\"",
        "Watch (presentation)",
        "3 minutes",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(!shown.contains("javascript:"), "{shown}");
    let of_other = format!("{other}/recordings");
    let shown = alice.get(&of_other).await.body;
    assert!(
        shown.contains("Nothing was recorded in this room"),
        "{shown}"
    );
    let delete = [("recording", "r-1"), ("change", "delete")];
    let refused = alice.submit(&page, &of_other, &delete).await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND, "{}", refused.body);
    let unpublish = [("recording", "r-1"), ("change", "unpublish")];
    let done = alice.submit(&page, &page, &unpublish).await;
    assert_eq!(done.header("location"), format!("{page}?done=saved-here"));
    let shown = alice.get(&page).await.body;
    assert!(shown.contains("Not published"), "{shown}");
    assert!(!shown.contains("Watch (presentation)"), "{shown}");
    alice.submit(&page, &page, &delete).await;
    let shown = alice.get(&page).await.body;
    assert!(
        shown.contains("Nothing was recorded in this room"),
        "{shown}"
    );
}

#[tokio::test]
async fn programs_make_start_and_end_rooms() {
    let world = world().await;
    let mut program = Program::of_alice(&world).await;
    let body = json!({ "title": "By program", "people": 20, "entrance": "asked" });
    let made = program.call(Method::POST, "/api/rooms", Some(&body)).await;
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    assert_eq!(made["entrance"], "asked");
    let guest = made["links"]["guest"].as_str().unwrap().to_owned();
    let room = format!("/api/rooms/{}", made["id"].as_str().unwrap());
    let started = program
        .call(Method::POST, &format!("{room}/start"), None)
        .await;
    assert_eq!(started.status(), StatusCode::OK, "{}", started.body);
    let url = started.json()["url"].as_str().unwrap().to_owned();
    assert!(url.contains("role=MODERATOR"), "{url}");
    let listed = program.get("/api/rooms").await;
    assert_eq!(listed["rooms"][0]["now"], 7);
    assert!(
        !listed.to_string().contains(&guest),
        "links are in one room's answer alone"
    );
    assert_eq!(program.get(&room).await["now"], 7);
    let ended = program
        .call(Method::POST, &format!("{room}/end"), None)
        .await;
    assert_eq!(ended.status(), StatusCode::NO_CONTENT, "{}", ended.body);
    let again = program
        .call(Method::POST, &format!("{room}/end"), None)
        .await;
    assert_eq!(again.json()["error"]["code"], "not-running");
    let role = json!({ "role": "guest" });
    let renewed = program
        .call(Method::POST, &format!("{room}/links"), Some(&role))
        .await;
    assert_ne!(renewed.json()["links"]["guest"], guest);
    let closed = json!({ "closed": true });
    program
        .call(Method::POST, &format!("{room}/close"), Some(&closed))
        .await;
    let refused = program
        .call(Method::POST, &format!("{room}/start"), None)
        .await;
    assert_eq!(refused.json()["error"]["code"], "room-closed");
    let wrong = json!({ "title": "x", "people": 0 });
    let refused = program.call(Method::POST, &room, Some(&wrong)).await;
    assert_eq!(
        refused.status(),
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn recording_is_offered_only_where_a_server_records() {
    let world = World::with_alice().await;
    let mut alice = world.alice().await;
    describe(&world, 0, server("Plain", "ca-east", Service::Open)).await;
    let page = alice.get("/rooms").await.body;
    assert!(
        page.contains("No server of the federation records meetings now"),
        "{page}"
    );
    assert!(!page.contains("name=\"record\""), "{page}");
    let fields = [&WEEKLY[..], &[("record", "yes")]].concat();
    let refused = alice.submit("/rooms", "/rooms", &fields).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
