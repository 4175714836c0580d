//! A federation of several co-ops, founded at their terminals.

use serde_json::Value;

use crate::{coop::Coop, forwarder::Forwarder, wait};

/// How long nodes may take to find each other.
const MEET_SECONDS: u64 = 30;

/// A charter for stories: votes last so many seconds.
pub fn charter(period_seconds: u64) -> String {
    format!(
        "title = \"Charter of the Tree Federation\"\n\
         [period]\nregular-seconds = {period_seconds}\nurgent-seconds = {period_seconds}\n"
    )
}

/// Co-ops and the wires between them.
pub struct Federation {
    /// The co-ops, the founders first.
    pub coops: Vec<Coop>,
    /// The wires.
    pub forwarder: Forwarder,
}

impl Federation {
    /// Founds a federation as the README says and starts its nodes; each first steward has signed
    /// in.
    ///
    /// # Panics
    /// When anything is refused.
    pub async fn found(names: &[&str], charter: &str) -> Self {
        let mut federation = Self::signed(names, charter).await;
        federation.start().await;
        for coop in &mut federation.coops {
            coop.sign_in().await;
        }
        federation
    }

    /// Founds a federation; no node runs yet.
    ///
    /// # Panics
    /// When anything is refused.
    pub async fn signed(names: &[&str], charter: &str) -> Self {
        let forwarder = Forwarder::default();
        let mut coops = Vec::new();
        let mut lines = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let coop = Coop::new(name, place, &forwarder).await;
            let said = coop
                .say(&["init", "--prepare", "--name", name])
                .await
                .done();
            lines.push(said.out.trim().to_owned());
            coops.push(coop);
        }
        let file = coops[0].beside("charter.toml");
        std::fs::write(&file, charter).expect("the folder can be written to");
        let file = file.to_string_lossy();
        let mut words = vec!["init", "--found", "Tree Federation", "--charter", &file];
        for line in &lines {
            words.extend(["--founder", line]);
        }
        let genesis = coops[0].ask(&words).await["genesis"]
            .as_str()
            .expect("init names the genesis file")
            .to_owned();
        for coop in &coops[1..] {
            coop.say(&["init", "--genesis", &genesis]).await.done();
        }
        let federation = Self { coops, forwarder };
        for (place, coop) in federation.coops.iter().enumerate() {
            coop.configure(&coop.configuration(&federation.others(place)));
        }
        federation
    }

    /// The addresses of all but one.
    pub fn others(&self, place: usize) -> Vec<String> {
        let others = self
            .coops
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place);
        others.map(|(_, coop)| coop.address()).collect()
    }

    /// Starts every node and waits until all have met.
    pub async fn start(&mut self) {
        for coop in &mut self.coops {
            coop.launch(&[]);
        }
        for coop in &mut self.coops {
            coop.answers().await;
        }
        self.meet().await;
    }

    /// Waits until every node is connected to all others and ready.
    pub async fn meet(&mut self) {
        let others = self.coops.len() - 1;
        for coop in &mut self.coops {
            coop.ready().await;
            let what = format!("{} is connected to {others} others", coop.name);
            wait::until(&what, MEET_SECONDS, async || {
                let (_, health) = coop.health().await?;
                (health["peers"] == others).then_some(())
            })
            .await;
        }
    }

    /// Begins the register: each node may close votes, the last founder proposes the beginning, and
    /// enough others sign it.
    ///
    /// # Panics
    /// When it does not begin.
    pub async fn begin_register(&self) {
        for (place, coop) in self.coops.iter().enumerate() {
            let others = self.coops.len() - place;
            wait::until("the validator keys before its own", 30, async || {
                let answer = coop.ask(&["register"]).await;
                (answer["missing"].as_array()?.len() == others).then_some(())
            })
            .await;
            coop.say(&["register", "begin"]).await.done();
        }
        for coop in &self.coops[..self.coops.len() / 2] {
            wait::until("a beginning to sign", 30, async || {
                let answer = coop.ask(&["register"]).await;
                let pending = answer["pending"].as_array()?.first()?.clone();
                (!pending["signed"].as_array()?.is_empty()).then_some(())
            })
            .await;
            coop.say(&["register", "begin"]).await.done();
        }
        for coop in &self.coops {
            wait::until("height 1", 30, async || {
                let answer = coop.ask(&["register"]).await;
                (answer["register"]["height"] == 1).then_some(())
            })
            .await;
        }
    }

    /// Waits until a vote on a proposal has passed for good on every node, and gives the state of each
    /// register.
    ///
    /// # Panics
    /// When it ends otherwise, or not in time.
    pub async fn passes(&self, id: &str, seconds: u64) -> Vec<Value> {
        let mut states = Vec::new();
        for coop in &self.coops {
            let what = format!("{} has the final outcome of {id}", coop.name);
            let state = wait::until(&what, seconds, async || {
                let answer = coop.ask(&["register"]).await;
                let decided = answer["register"]["final"].as_array()?;
                let one = decided.iter().find(|one| one["proposal"] == *id)?;
                assert_eq!(one["ending"], "passed", "{answer}");
                Some(answer["register"]["state"].clone())
            })
            .await;
            states.push(state);
        }
        states
    }

    /// Waits until every node shows these choices, in the order of the co-ops.
    pub async fn shows(&self, id: &str, choices: &[&str], seconds: u64) {
        let mut expected: Vec<(String, String)> = self
            .coops
            .iter()
            .zip(choices)
            .map(|(coop, choice)| (coop.name.clone(), (*choice).to_owned()))
            .collect();
        expected.sort();
        for coop in &self.coops {
            let what = format!("{} shows every vote on {id}", coop.name);
            wait::until_equal(&what, seconds, &expected, async || coop.tally(id).await).await;
        }
    }

    /// Waits until every co-op shows the same as `place` does when asked so on the command line.
    pub async fn agree(&self, place: usize, words: &[&str], seconds: u64) -> Value {
        let mut expected = Value::Null;
        wait::until(
            &format!("all answer {words:?} alike"),
            seconds,
            async || {
                expected = self.coops[place].ask(words).await;
                for coop in &self.coops {
                    if shared(coop.ask(words).await) != shared(expected.clone()) {
                        return None;
                    }
                }
                Some(())
            },
        )
        .await;
        expected
    }
}

/// What of an answer is the same for every reader: not what the reader's own co-op did or may do.
pub fn shared(mut answer: Value) -> Value {
    strip(&mut answer);
    answer
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !["needs_our_vote", "received_ms"].contains(&&**name));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
