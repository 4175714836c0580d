//! A laboratory with a clock moved by hand, and a client of it.

use std::sync::Arc;

use bigbluebutton::{
    Client, Endpoint, Error, Failure, Guard, Parameters, Secret,
    client::{Limits, Transport, Trust},
    laboratory::{Laboratory, ManualClock, Running, Settings},
};

/// When the laboratory's clock starts.
pub const START_MS: u64 = 1_700_000_000_000;

pub struct Setting {
    pub laboratory: Running,
    pub client: Client,
    pub clock: Arc<ManualClock>,
}

pub fn secret() -> Secret {
    Secret::new("the laboratory's secret").expect("it has a good length")
}

pub fn transport() -> Transport {
    Transport::new(Guard::ANY, &Trust::default()).expect("no certificates are needed")
}

pub fn client_of(laboratory: &Running) -> Client {
    let endpoint = Endpoint::parse_insecure(&laboratory.url).expect("it is an address");
    Client::new(transport(), endpoint, secret())
}

/// Starts a laboratory whose clock stands until it is moved.
pub async fn setting() -> Setting {
    let clock = Arc::new(ManualClock::at(START_MS));
    let settings = Settings {
        clock: clock.clone(),
        ..Settings::new(secret())
    };
    let laboratory = Laboratory::start(settings).await.expect("a port is free");
    let client = client_of(&laboratory);
    Setting {
        laboratory,
        client,
        clock,
    }
}

impl Setting {
    /// Moves the clock and lets happen what is due.
    pub fn pass(&self, ms: u64) {
        self.clock.advance(ms);
        self.laboratory.handle.advance();
    }

    /// The client with a short deadline.
    pub fn impatient(&self) -> Client {
        let limits = Limits {
            call_ms: 300,
            create_ms: 300,
            ..Limits::default()
        };
        self.client.clone().with_limits(limits)
    }

    /// The client that reads only small answers.
    pub fn modest(&self) -> Client {
        let limits = Limits {
            answer_bytes: 100_000,
            ..Limits::default()
        };
        self.client.clone().with_limits(limits)
    }
}

/// What creates the meeting `r1` with both passwords.
pub fn room() -> Parameters {
    Parameters::from_query("name=Tea+room&meetingID=r1&attendeePW=ap&moderatorPW=mp")
        .expect("it is a query")
}

/// Somebody who joins `r1`.
pub fn person(name: &str, role: &str) -> Parameters {
    Parameters::new()
        .with("meetingID", "r1")
        .with("fullName", name)
        .with("role", role)
}

/// The reason of a refused call.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Failure {
    match result {
        Err(Error::Failed { failure, .. }) => failure,
        other => panic!("{other:?}"),
    }
}
