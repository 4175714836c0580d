//! Meetings across the federation: front ends call their own node, and the meetings are on the servers
//! of others.

mod bad_calls;
mod clients;
mod failures;
mod life;
mod rooms;
mod second;

use end_to_end::{
    federation::{Federation, charter},
    meetings::{FrontEnd, Laboratory},
};

/// A meeting on Birch's server and one on Cedar's, from the beginning to the end.
const FAR: &str = "far";
const NEAR: &str = "near";

/// What puts a meeting on Cedar's server, and on no other.
const ON_CEDAR: [(&str, &str); 1] = [("meta_server-tag", "eu-west!")];

/// Alder has a front end; Birch and Cedar each have a server, in regions of their own.
struct Story {
    federation: Federation,
    front: FrontEnd,
    birch: Laboratory,
    cedar: Laboratory,
}

impl Story {
    async fn begin() -> Self {
        let federation = Federation::found(&["Alder", "Birch", "Cedar"], &charter(3_600)).await;
        let [alder, birch, cedar] = &federation.coops[..] else {
            panic!("three were founded");
        };
        let west = Laboratory::start(birch, &[]).await;
        west.added_to(birch, "ca-east").await;
        let east = Laboratory::start(cedar, &[]).await;
        east.added_to(cedar, "eu-west").await;
        let front = FrontEnd::of(alder, "Rooms", &["--region", "eu-west"]).await;
        front.creates(FAR, &[("meta_server-tag", "ca-east!")]).await;
        front
            .creates(NEAR, &[("meta_server-tag", "eu-west!")])
            .await;
        Self {
            front,
            birch: west,
            cedar: east,
            federation,
        }
    }

    /// How many meetings are on the servers of Birch and Cedar, beside those from the beginning.
    async fn more_meetings(&self) -> (u64, u64) {
        let (birch, cedar) = (self.birch.meetings().await, self.cedar.meetings().await);
        (birch - 1, cedar - 1)
    }

    /// The meetings that Alder's front end is told of, beside those from the beginning.
    async fn listed(&self) -> Vec<String> {
        let mut listed = self.front.meetings().await;
        for id in [FAR, NEAR] {
            let place = listed.iter().position(|one| one == id);
            listed.remove(place.unwrap_or_else(|| panic!("{id} is not in {listed:?}")));
        }
        listed
    }
}
