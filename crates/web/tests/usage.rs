//! What was used in a month: the page, the table and the JSON API.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use domain::{
    id::{MemberId, Timestamp},
    record::{Service, Usage, UsageRow},
};
use federation::Act;
use support::{
    World,
    meetings::{FrontEnd, describe, front_end, server},
    node::key,
    program::Program,
};

/// A quarter of an hour before the world's clock.
const LATELY: u64 = 1_800_000_000_000 - 900_000;
const DAY_MS: u64 = 86_400_000;

/// Founder 0 says what a front end used of one of its servers.
async fn used(world: &World, at: u64, front_end: &FrontEnd, figures: (u64, u64, u64)) {
    let name = "=Montréal, \"1\"";
    let server = describe(world, 0, server(name, "ca-east", Service::Open)).await;
    let (participant_minutes, meetings, peak) = figures;
    let usage = Usage {
        from: Timestamp(at),
        until: Timestamp(at + 900_000),
        rows: vec![UsageRow {
            server,
            tenant: front_end.id,
            member: MemberId(key(1, 1).public().0),
            meetings,
            participant_minutes,
            peak,
        }],
    };
    world.node.act(key(0, 2), Act::Usage(usage)).await.unwrap();
    world.clock.advance_ms(1);
}

async fn used_world() -> World {
    let world = World::with_alice().await;
    let mut alice = Program::of_alice(&world).await;
    let greenlight = front_end(&world, &mut alice, "Greenlight <1>").await;
    used(&world, LATELY, &greenlight, (40, 2, 6)).await;
    used(&world, LATELY - 2 * DAY_MS, &greenlight, (21, 1, 9)).await;
    used(&world, LATELY - 40 * DAY_MS, &greenlight, (500, 5, 50)).await;
    world
}

#[tokio::test]
async fn a_month_is_added_up_by_member_tenant_and_server() {
    let world = used_world().await;
    let mut alice = world.alice().await;
    let page = alice.get("/meet/usage").await;
    assert_eq!(page.status(), StatusCode::OK, "{}", page.body);
    for said in [
        "People of one co-op spent 61 minutes in 3 meetings in January 2027.",
        "Greenlight &lt;1&gt;",
        "<span>61</span>",
        "<span>9</span>",
        "href=\"/meet/usage?month=2026-12\"",
        "midnight UTC",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    assert!(!page.body.contains("month=2027-02"), "it has not begun");
    let before = alice.get("/meet/usage?month=2026-12").await;
    assert!(before.body.contains("500 minutes"), "{}", before.body);
    let empty = alice.get("/meet/usage?month=2020-01").await;
    assert!(empty.body.contains("Nothing is recorded for January 2020."));
    let wrong = alice.get("/meet/usage?month=2027-13").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_table_is_rfc_4180_without_formulas_and_says_who_measured() {
    let world = used_world().await;
    let table = world
        .alice()
        .await
        .get("/meet/usage.csv?month=2027-01")
        .await;
    assert_eq!(
        table.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    let disposition = "attachment; filename=\"usage-2027-01.csv\"";
    assert_eq!(table.header("content-disposition"), disposition);
    let lines: Vec<&str> = table.body.split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{}", table.body);
    assert!(lines[0].starts_with("month,member,member_id,tenant,"));
    assert!(lines[1].starts_with("2027-01,Co-op 1,"), "{}", lines[1]);
    assert!(
        lines[1].contains("\"'=Montréal, \"\"1\"\"\""),
        "{}",
        lines[1]
    );
    assert!(lines[1].contains(",Co-op 0,"), "{}", lines[1]);
    assert!(lines[1].ends_with(",61,3,9"), "{}", lines[1]);
    let stranger = world.browser().get("/meet/usage.csv").await;
    assert_ne!(stranger.status(), StatusCode::OK);
}

#[tokio::test]
async fn programs_get_the_same_figures() {
    let world = used_world().await;
    let mut alice = Program::of_alice(&world).await;
    let answer = alice.get("/api/usage?month=2027-01").await;
    assert_eq!(answer["month"], "2027-01");
    let row = &answer["usage"][0];
    assert_eq!(row["participant_minutes"], 61);
    assert_eq!((&row["meetings"], &row["peak"]), (&3.into(), &9.into()));
    assert_eq!(row["measured_by_name"], "Co-op 0");
    assert_eq!(row["member_name"], "Co-op 1");
}
