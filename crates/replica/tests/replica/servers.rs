//! Servers, tenants and placements: whose word counts, whatever the order of arrival.

use domain::{
    id::{MemberId, TenantId, Timestamp},
    key::PublicKey,
    record::{
        Capability, Kind, Placement, Placing, Purpose, Record, Room, Server, Service, Standing,
        Tenant, Usage, UsageRow,
    },
};
use replica::{
    Refusal,
    testing::grant_machine,
    view::{UsageKey, Used},
};

use crate::scene::{Player, Scene, refused};

fn server(name: &str, service: Service) -> Server {
    Server {
        nonce: [7; 16],
        name: name.to_owned(),
        url: "https://meet.example.org".to_owned(),
        region: "eu-south".parse().expect("a region"),
        service,
        capability: Capability {
            cpu_units: 608,
            net_out_kbit_s: 1_000_000,
            users: 200,
            rooms: 40,
            room_users: 200,
        },
        features: std::iter::once("recording".to_owned()).collect(),
        share_percent: 50,
        energy: String::new(),
        cost: None,
    }
}

fn tenant(member: MemberId, home: PublicKey) -> Tenant {
    Tenant {
        nonce: [8; 16],
        name: "Rooms".to_owned(),
        member,
        home,
        region: None,
        ended: false,
    }
}

fn node(scene: &mut Scene, founder: usize) -> Player {
    let author = scene.cast.newcomer();
    let record = grant_machine(&author, scene.cast.member(founder), Purpose::Node);
    let grant = scene.by_root(founder, &record);
    Player { author, grant }
}

fn placing(tenant: TenantId, room: Room, said: &[(u64, Standing)]) -> Record {
    let placements = said.iter().map(|(at, standing)| Placement {
        tenant,
        room,
        server: server("", Service::Open).id(MemberId([1; 32])),
        at: Timestamp(*at),
        standing: *standing,
    });
    Record::Placing(Placing {
        placements: placements.collect(),
    })
}

#[test]
fn the_last_description_of_a_server_counts_and_only_its_owners() {
    let mut scene = Scene::new();
    let (mut own, mut other) = (node(&mut scene, 0), node(&mut scene, 1));
    for service in [Service::Open, Service::Cordoned] {
        scene.says(&mut own, &Record::Server(server("One", service)));
    }
    scene.says(&mut other, &Record::Server(server("Mine", Service::Open)));
    let view = scene.replica.view();
    let id = server("", Service::Open).id(scene.cast.member(0));
    let known = &view.meetings.servers[&id];
    assert_eq!(known.record, server("One", Service::Cordoned));
    assert_eq!(known.owner, scene.cast.member(0));
    assert_eq!(view.meetings.servers.len(), 2, "the other has its own id");
    assert_eq!(view.meetings.servers_of(scene.cast.member(0)).count(), 1);
    scene.says(&mut own, &Record::Server(server("One", Service::Removed)));
    let view = scene.replica.view();
    assert_eq!(view.meetings.servers_of(scene.cast.member(0)).count(), 0);
}

#[test]
fn a_room_is_where_the_host_of_its_tenant_last_said() {
    let mut scene = Scene::new();
    let (mut home, mut liar) = (node(&mut scene, 0), node(&mut scene, 1));
    let member = scene.cast.member(0);
    let tenant = tenant(member, home.author.key());
    let id = tenant.id(member);
    let room = Room::of(id, "weekly");
    // The placing may come before the tenant's description.
    scene.says(&mut home, &placing(id, room, &[(5, Standing::Placed)]));
    assert_eq!(scene.replica.view().meetings.placed(&id, &room), None);
    scene.says(&mut home, &Record::Tenant(tenant));
    scene.says(&mut liar, &placing(id, room, &[(9, Standing::Ended)]));
    let placed = |scene: &Scene| {
        let view = scene.replica.view();
        view.meetings.placed(&id, &room).map(|p| (p.at, p.standing))
    };
    assert_eq!(placed(&scene), Some((Timestamp(5), Standing::Placed)));
    assert_eq!(scene.replica.view().meetings.running().count(), 1);
    let said = [(7, Standing::Ended), (6, Standing::Placed)];
    scene.says(&mut home, &placing(id, room, &said));
    assert_eq!(placed(&scene), Some((Timestamp(7), Standing::Ended)));
    assert_eq!(scene.replica.view().meetings.running().count(), 0);
}

#[test]
fn usage_of_a_day_adds_up() {
    let mut scene = Scene::new();
    let mut owner = node(&mut scene, 0);
    let member = scene.cast.member(0);
    let row = UsageRow {
        server: server("", Service::Open).id(member),
        tenant: TenantId([3; 16]),
        member: scene.cast.member(1),
        meetings: 1,
        participant_minutes: 60,
        peak: 5,
    };
    for (from, peak) in [(1, 5), (2, 9), (3, 4)] {
        let usage = Usage {
            from: Timestamp(from),
            until: Timestamp(from + 1),
            rows: vec![UsageRow { peak, ..row }],
        };
        scene.says(&mut owner, &Record::Usage(usage));
    }
    let key = UsageKey {
        day: 0,
        owner: member,
        server: row.server,
        tenant: row.tenant,
        member: row.member,
    };
    let used = Used {
        meetings: 3,
        participant_minutes: 180,
        peak: 9,
    };
    assert_eq!(scene.replica.view().meetings.usage[&key], used);
}

#[test]
fn people_without_a_role_describe_no_servers_and_stewards_place_no_meetings() {
    let mut scene = Scene::new();
    let mut worker = scene.person(0, domain::record::Roles::WORKER);
    let offer = scene.tries(&mut worker, &Record::Server(server("One", Service::Open)));
    assert!(matches!(
        refused(&offer),
        Refusal::Right { kind: Kind::Server }
    ));
    let mut steward = scene.person(0, domain::record::Roles::STEWARD);
    scene.says(&mut steward, &Record::Server(server("One", Service::Open)));
    let id = TenantId([1; 16]);
    let record = placing(id, Room::of(id, "weekly"), &[(1, Standing::Placed)]);
    let offer = scene.tries(&mut steward, &record);
    assert!(matches!(
        refused(&offer),
        Refusal::Right {
            kind: Kind::Placing
        }
    ));
}
