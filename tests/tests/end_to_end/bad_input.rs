//! What goes wrong at the command line and on disk: clear words, the right exit code, nothing lost.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use end_to_end::{
    coop::{Coop, contents},
    federation::{Federation, charter},
    forwarder::Forwarder,
    story::story,
};

const REFUSED: i32 = 1;
const USAGE: i32 = 2;
const CONFIGURATION: i32 = 3;
const DAMAGED: i32 = 5;

/// A federation of one, which needs nobody else.
async fn alone(name: &str) -> Coop {
    let coop = Coop::new(name, 0, &Forwarder::default()).await;
    coop.say(&[
        "init",
        "--found",
        &format!("{name} Federation"),
        "--name",
        name,
    ])
    .await
    .done();
    coop.configure(&coop.configuration(&[]));
    coop
}

#[test]
fn a_configuration_with_a_fault_is_refused_with_the_nearest_name() {
    story(60, async {
        let coop = alone("Alder").await;
        let good = coop.configuration(&[]);
        for (text, words) in [
            (
                good.replace("listen = \"127", "lisen = \"127"),
                ["web.lisen", "web.listen"],
            ),
            (
                good.replace("[network]", "[netwrok]"),
                ["netwrok", "network"],
            ),
            (good.replace("\"info\"", "\"loud\""), ["log.level", "info"]),
            (format!("{good}\n[web"), ["line", "folkmoot.toml"]),
            (
                good.replace("127.0.0.1:", "everywhere:"),
                ["listen", "folkmoot.toml"],
            ),
        ] {
            coop.configure(&text);
            coop.say(&["run"]).await.refused(CONFIGURATION, &words);
        }
    });
}

#[test]
fn the_configurations_that_the_documentation_shows_are_accepted() {
    story(30, async {
        let coop = Coop::new("Alder", 0, &Forwarder::default()).await;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let readme = fs::read_to_string(root.join("README.md")).unwrap();
        let (_, shown) = readme.split_once("```toml").unwrap();
        let copy = coop.beside("readme.toml");
        fs::write(&copy, shown.split_once("```").unwrap().0).unwrap();
        let nodes = fs::read_dir(root.join("docker/nodes")).unwrap().flatten();
        for path in nodes.map(|file| file.path()).chain([copy]) {
            let path = path.to_string_lossy();
            coop.say(&["config", "check", "--config", &path])
                .await
                .done();
        }
        let missing = coop.beside("missing.toml");
        coop.say(&["init", "--found", "Trees", "--name", "Alder"])
            .await
            .done();
        let words = ["run", "--config", &missing.to_string_lossy()];
        coop.say(&words)
            .await
            .refused(CONFIGURATION, &["missing.toml"]);
    });
}

#[test]
fn a_port_in_use_is_named_and_the_node_is_left_as_it_was() {
    story(60, async {
        let mut coop = alone("Alder").await;
        for port in [coop.web.port(), coop.port] {
            let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
            let words = [&port.to_string(), "in use"];
            coop.say(&["run"]).await.refused(CONFIGURATION, &words);
        }
        coop.start(&[]).await;
        coop.ready().await;
        // A second node on the same directory.
        coop.configure(
            &coop
                .configuration(&[])
                .replace(&coop.web.port().to_string(), "0")
                .replace(&format!("tcp/{}", coop.port), "tcp/0"),
        );
        coop.say(&["run"]).await.refused(CONFIGURATION, &["in use"]);
        coop.ready().await;
    });
}

#[test]
fn a_directory_without_a_node_or_with_a_foreign_genesis_is_refused() {
    story(60, async {
        let alder = alone("Alder").await;
        let birch = alone("Birch").await;
        let empty = Coop::new("Empty", 0, &Forwarder::default()).await;
        empty
            .say(&["run"])
            .await
            .refused(CONFIGURATION, &["folkmoot init", "folkmoot join"]);
        empty
            .say(&["status"])
            .await
            .refused(CONFIGURATION, &["folkmoot init"]);

        let again = ["init", "--found", "Second Federation", "--name", "Alder"];
        alder
            .say(&again)
            .await
            .refused(CONFIGURATION, &["already", "--data"]);

        let genesis = birch.data().join("genesis");
        let prepared = Coop::new("Cedar", 0, &Forwarder::default()).await;
        prepared
            .say(&["init", "--prepare", "--name", "Cedar"])
            .await
            .done();
        prepared
            .say(&["init", "--genesis", &genesis.to_string_lossy()])
            .await
            .refused(REFUSED, &["not among the founders", "--prepare"]);

        fs::copy(&genesis, alder.data().join("genesis")).unwrap();
        let before = contents(&alder.data());
        alder
            .say(&["run"])
            .await
            .refused(CONFIGURATION, &["belongs to", "directory"]);
        assert_unchanged(&before, &contents(&alder.data()));
    });
}

/// Compares contents of a folder by the files' names, whose bytes nobody could read.
#[track_caller]
fn assert_unchanged(before: &[(PathBuf, Vec<u8>)], after: &[(PathBuf, Vec<u8>)]) {
    let other = |file: &&(PathBuf, Vec<u8>), all: &[(PathBuf, Vec<u8>)]| !all.contains(file);
    let changed: Vec<_> = before
        .iter()
        .filter(|file| other(file, after))
        .chain(after.iter().filter(|file| other(file, before)))
        .map(|(path, bytes)| (path, bytes.len()))
        .collect();
    assert!(changed.is_empty(), "these were changed: {changed:#?}");
}

#[test]
fn invitations_that_are_broken_expired_or_foreign_are_refused() {
    story(90, async {
        let mut alder = alone("Alder").await;
        alder.start(&[]).await;
        let invitation = alder.ask(&["invite"]).await["invitation"].take();
        let invitation = invitation.as_str().unwrap();
        let newcomer = Coop::new("Birch", 1, &Forwarder::default()).await;
        let join = async |text: &str| newcomer.say(&["join", text, "--name", "Birch"]).await;

        let mut changed = invitation.to_owned();
        changed.replace_range(40..41, if &invitation[40..41] == "A" { "B" } else { "A" });
        for broken in ["hello", &invitation[..60], &changed] {
            join(broken)
                .await
                .refused(USAGE, &["no whole invitation", "copy all of it"]);
        }
        let late = ["invite", "--expires", "0"];
        alder.say(&late).await.refused(USAGE, &["--expires"]);

        // Alder moves away; the same federation's invitation reaches nobody, or a stranger.
        alder.stop().await;
        let unreachable = join(invitation).await;
        assert_eq!(unreachable.code, Some(4), "{unreachable:#?}");
        assert!(unreachable.err.contains("invited you"), "{unreachable:#?}");

        alder.start(&[]).await;
        join(invitation).await.done();
        join(invitation).await.refused(REFUSED, &["already"]);
        let mut cedar = alone("Cedar").await;
        cedar.start(&[]).await;
        let foreign = cedar.ask(&["invite"]).await["invitation"].take();
        join(foreign.as_str().unwrap())
            .await
            .refused(CONFIGURATION, &["another", "--data"]);
    });
}

#[test]
fn a_damaged_store_is_noticed_rebuilt_and_runs_again() {
    story(120, async {
        let mut federation = Federation::found(&["Alder", "Birch"], &charter(3_600)).await;
        let id = federation.coops[0].put_to_the_vote("Mend the roof").await;
        federation.coops[1].knows(&id).await;
        federation.coops[1].vote(&id, "agree").await;
        federation.shows(&id, &["-", "agree"], 10).await;
        federation.coops[1].stop().await;

        let birch = &federation.coops[1];
        birch.say(&["store", "check"]).await.done();
        let damaged = damage(birch);
        let check = birch.say(&["store", "check"]).await;
        assert_eq!(check.code, Some(DAMAGED), "{check:#?}");
        assert!(check.err.contains("folkmoot store rebuild"), "{check:#?}");
        birch.say(&["store", "rebuild"]).await.done();
        birch.say(&["store", "check"]).await.done();
        assert!(damaged > 0);

        // What is lost may be its own: it signs nothing before it has asked the others.
        federation.forwarder.cut(&[1], &[0]);
        federation.coops[1].start(&[]).await;
        let (status, health) = federation.coops[1].health().await.unwrap();
        assert_eq!(status, 503, "{health:#}");
        federation.forwarder.heal();
        federation.meet().await;
        federation.shows(&id, &["-", "agree"], 30).await;
        federation.coops[1].vote(&id, "abstain").await;
        federation.shows(&id, &["-", "abstain"], 10).await;
    });
}

fn database(coop: &Coop) -> PathBuf {
    let files = fs::read_dir(coop.data())
        .unwrap()
        .flatten()
        .map(|file| file.path());
    files
        .filter(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3")))
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .expect("the store is a database")
}

/// Changes one byte in each entry that holds the member's words; answers with how many.
fn damage(coop: &Coop) -> usize {
    let path = database(coop);
    let mut bytes = fs::read(&path).unwrap();
    let mut count = 0;
    for at in 0..bytes.len() - 4 {
        if &bytes[at..at + 4] == b"roof" {
            bytes[at] = b'h';
            count += 1;
        }
    }
    fs::write(&path, bytes).unwrap();
    count
}

#[test]
fn a_store_of_a_newer_release_is_left_alone() {
    story(60, async {
        let coop = alone("Alder").await;
        let path = database(&coop);
        let mut bytes = fs::read(&path).unwrap();
        // The schema's number as SQLite keeps it for its users, at offset 60 of the file's header.
        bytes[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
        fs::write(&path, &bytes).unwrap();
        coop.say(&["run"])
            .await
            .refused(CONFIGURATION, &["9999", "update folkmoot"]);
        assert!(fs::read(&path).unwrap() == bytes, "the store was changed");
    });
}

#[test]
fn a_directory_that_others_can_read_and_a_key_file_of_another_key_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    story(60, async {
        let coop = alone("Alder").await;
        fs::set_permissions(coop.data(), fs::Permissions::from_mode(0o755)).unwrap();
        coop.say(&["run"])
            .await
            .refused(CONFIGURATION, &["755", "chmod 700"]);
        fs::set_permissions(coop.data(), fs::Permissions::from_mode(0o700)).unwrap();
        let key = coop.data().join("node.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        coop.say(&["run"])
            .await
            .refused(CONFIGURATION, &["644", "chmod 600"]);
    });
}

#[test]
fn a_command_that_nobody_knows_is_refused_with_the_nearest_one() {
    story(30, async {
        let coop = Coop::new("Alder", 0, &Forwarder::default()).await;
        coop.say(&["vot", "x"]).await.refused(USAGE, &["vote"]);
        coop.say(&["init", "--fuond", "x"])
            .await
            .refused(USAGE, &["--found"]);
        let charter = coop.beside("charter.toml");
        fs::write(&charter, "[period]\nregular-second = 5\n").unwrap();
        let words = [
            "init",
            "--found",
            "Trees",
            "--name",
            "Alder",
            "--charter",
            &charter.to_string_lossy(),
        ];
        coop.say(&words)
            .await
            .refused(CONFIGURATION, &["regular-second", "regular-seconds"]);
    });
}
