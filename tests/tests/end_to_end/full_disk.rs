//! A disk without room.

use std::{fs, path::Path, process::Command, sync::Arc, time::Duration};

use end_to_end::{coop::Coop, forwarder::Forwarder, story::story, wait};
use serde_json::json;

/// A small file system in memory, which only an administrator can have.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(path: &'a Path) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs"];
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

#[test]
fn a_full_disk_is_said_loses_nothing_and_is_forgotten_once_there_is_room() {
    story(90, async {
        let mut coop = Coop::new("Alder", 0, &Forwarder::default()).await;
        let data = coop.data();
        let Some(_disk) = SmallDisk::mount(&data) else {
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
        let comment = json!({ "act": "comment", "proposal": id, "text": "Is there room?" });
        let coop = Arc::new(coop);
        // What meets the full disk is answered once it is durable, and not before.
        let long = json!({ "act": "propose", "title": "Long", "text": "Words. ".repeat(4_000) });
        let (proposing, proposer) = (long.clone(), Arc::clone(&coop));
        let waiting = tokio::spawn(async move { proposer.act(&proposing).await });
        let refused = wait::until("the disk is full", 30, async || {
            let answer = tokio::time::timeout(Duration::from_secs(1), coop.act(&comment)).await;
            let answer = answer.ok()?.ok()?;
            (answer.status != 201).then_some(answer)
        })
        .await;
        assert_eq!(refused.status, 507, "{refused:#?}");
        assert!(refused.body.contains("full"), "{refused:#?}");
        assert!(
            coop.ballots(&id).await.contains(&kept),
            "it still shows what it has"
        );

        fs::remove_file(&filler).unwrap();
        let proposed = wait::within("there is room again", 20, waiting)
            .await
            .unwrap();
        let proposed = proposed.unwrap().expect(201).json()["id"].take();
        wait::until("a comment is taken", 20, async || {
            let answer = coop.act(&comment).await.ok()?;
            (answer.status == 201).then_some(())
        })
        .await;
        let mut coop = Arc::into_inner(coop).unwrap();
        coop.kill().await;
        coop.start(&["--alone"]).await;
        assert!(
            coop.ballots(&id).await.contains(&kept),
            "what was acknowledged is lost"
        );
        coop.knows_proposal(proposed.as_str().unwrap()).await;
        coop.stop().await;
    });
}
