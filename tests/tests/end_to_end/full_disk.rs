//! A disk without room.

use std::{fs, path::Path, process::Command};

use end_to_end::{
    coop::Coop,
    federation::{Federation, charter},
    forwarder::Forwarder,
    story::story,
    wait,
};
use serde_json::json;

/// A small file system in memory, which only an administrator can have.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(path: &'a Path, mebibytes: u32) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let size = format!("size={mebibytes}m,mode=700");
        let options = ["-t", "tmpfs", "-o", &size, "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(path).output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Self(path))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

/// The ids of all proposals its node knows.
async fn proposals(coop: &Coop) -> Vec<String> {
    let list = coop.api("/api/decisions").await["decisions"].take();
    let ids = list.as_array().into_iter().flatten();
    let mut ids: Vec<String> = ids
        .filter_map(|one| Some(one["id"].as_str()?.to_owned()))
        .collect();
    ids.sort();
    ids
}

#[test]
fn a_full_disk_is_said_loses_nothing_and_is_forgotten_once_there_is_room() {
    story(90, async {
        let mut coop = Coop::new("Alder", 0, &Forwarder::default()).await;
        let data = coop.data();
        let Some(_disk) = SmallDisk::mount(&data, 4) else {
            println!("skipped: without the right to mount, no disk can be filled");
            return;
        };
        coop.say(&["init", "--found", "Trees", "--name", "Alder"])
            .await
            .done();
        coop.configure(&coop.configuration(&[]));
        coop.start(&[]).await;
        coop.sign_in().await;
        let id = coop.put_to_the_vote("Buy a larger disk").await;
        let kept = coop.vote(&id, "agree").await;

        let filler = data.join("filler");
        // It fails when the disk is full, which is what is wanted.
        let _ = fs::write(&filler, vec![1; 8 << 20]);
        // A log that was written from its start again has some room left: until that is used up,
        // proposals come through.
        let long = json!({ "act": "propose", "title": "Long", "text": "Words. ".repeat(4_000) });
        let mut stored = 0;
        let held = wait::until("the disk is full", 30, async || {
            let answer = coop.act(&long).await.ok()?;
            stored += usize::from(answer.status == 201);
            (answer.status != 201).then_some(answer)
        })
        .await;
        assert_eq!(held.status, 507, "{held:#?}");
        assert_eq!(held.json()["error"]["code"], "disk-full-held", "{held:#?}");
        let comment = json!({ "act": "comment", "proposal": id, "text": "Is there room?" });
        let refused = coop.act(&comment).await.unwrap();
        assert_eq!(refused.status, 507, "{refused:#?}");
        assert_eq!(refused.json()["error"]["code"], "disk-full", "{refused:#?}");
        assert!(
            coop.ballots(&id).await.contains(&kept),
            "it still shows what it has"
        );

        fs::remove_file(&filler).unwrap();
        wait::until("a comment is taken", 20, async || {
            let answer = coop.act(&comment).await.ok()?;
            (answer.status == 201).then_some(())
        })
        .await;
        let proposed = proposals(&coop).await;
        let decided_and_held = 2;
        assert_eq!(proposed.len(), stored + decided_and_held);
        coop.kill().await;
        coop.start(&["--alone"]).await;
        assert!(
            coop.ballots(&id).await.contains(&kept),
            "what was acknowledged is lost"
        );
        assert_eq!(
            proposals(&coop).await,
            proposed,
            "what was kept in memory was stored when there was room"
        );
        coop.stop().await;
    });
}

#[test]
fn the_last_room_on_a_disk_is_for_the_nodes_own_people() {
    story(120, async {
        let mut federation = Federation::signed(&["Alder", "Birch"], &charter(600)).await;
        let data = federation.coops[1].data();
        let aside = federation.coops[1].beside("aside");
        fs::rename(&data, &aside).unwrap();
        let Some(_disk) = SmallDisk::mount(&data, 16) else {
            println!("skipped: without the right to mount, no disk can be filled");
            return;
        };
        for file in fs::read_dir(&aside).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), data.join(file.file_name())).unwrap();
        }
        federation.start().await;
        for coop in &mut federation.coops {
            coop.sign_in().await;
        }
        let [alder, birch] = &federation.coops[..] else {
            unreachable!("two were founded");
        };
        let id = alder.put_to_the_vote("Buy a larger disk").await;
        birch.knows(&id).await;

        // An eighth of it is two mebibytes; one is left.
        let filler = data.join("filler");
        let free = free_bytes(&data) - (1 << 20);
        fs::write(&filler, vec![1; usize::try_from(free).unwrap()]).unwrap();
        let says = async |words: &str, ready: u16| {
            wait::until("health says so", 30, async || {
                let (status, health) = birch.health().await?;
                let why = health["why"].as_str().unwrap_or_default();
                (status == ready && why.contains(words)).then_some(())
            })
            .await;
        };
        says("little room", 200).await;
        let kept_out = alder.put_to_the_vote("Fill every disk").await;
        // It goes both ways on the same wire: what comes after it would have come after it.
        let vote = birch.vote(&id, "agree").await;
        wait::until("Birch's vote is at Alder's", 20, async || {
            alder.ballots(&id).await.contains(&vote).then_some(())
        })
        .await;
        let status = birch.ask(&["status"]).await;
        assert!(status["disk"].as_str().unwrap().contains("little room"));
        let page = birch.sign_in_again().await.get("/node").await.expect(200);
        assert!(page.body.contains("left on the disk"), "{}", page.body);
        let answer = birch
            .client()
            .get(&format!("/api/decisions/{kept_out}"))
            .await;
        assert_eq!(answer.status, 404, "{answer:#?}");

        fs::remove_file(&filler).unwrap();
        wait::until("what was left out comes", 30, async || {
            let path = format!("/api/decisions/{kept_out}");
            (birch.client().get(&path).await.status == 200).then_some(())
        })
        .await;
        for mut coop in federation.coops {
            coop.stop().await;
        }
    });
}

fn free_bytes(path: &Path) -> u64 {
    let found = rustix::fs::statvfs(path).unwrap();
    found.f_bavail * found.f_frsize
}
