//! Second nodes: the sysadmin carries a file to another machine, and reads its code out.

use crate::{coop::Coop, federation::Federation, wait};

/// How long nodes may take to find each other.
const MEET_SECONDS: u64 = 60;

/// Makes a file at one node, to add another or to bring it up to date, and takes it there.
///
/// # Panics
/// When either is refused.
pub async fn carried(from: &Coop, to: &Coop, what: &str) {
    let file = from.beside(what);
    let file = file.to_string_lossy();
    let made = from.ask(&["node", what, &file]).await;
    let code = made["code"].as_str().expect("the code is shown once");
    let path = to.beside("code");
    std::fs::write(&path, code).expect("the folder can be written to");
    let path = path.to_string_lossy();
    to.ask(&["node", "take", &file, "--code-file", &path]).await;
    std::fs::remove_file(&*file).expect("it is our file");
}

/// A second node of a co-op, ready, and connected with all nodes of the federation.
///
/// # Panics
/// When it is not.
pub async fn second_of(coop: &Coop, federation: &Federation) -> Coop {
    let (others, name) = (federation.coops.len(), &coop.name);
    let name = format!("the second node of {name}");
    let mut second = Coop::new(&name, others, &federation.forwarder).await;
    carried(coop, &second, "add").await;
    second.configure(&second.configuration(&[coop.address()]));
    second.start(&[]).await;
    second.ready().await;
    for coop in federation.coops.iter().chain([&second]) {
        let what = format!("{} is connected to {others} others", coop.name);
        wait::until(&what, MEET_SECONDS, async || {
            let (_, health) = coop.health().await?;
            (health["peers"] == others).then_some(())
        })
        .await;
    }
    second
}
