//! The same calls for everybody.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use end_to_end::{meetings::FrontEnd, wait};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
};

use super::servers::Servers;

/// How long a call may take before it counts as failed.
const DEADLINE: Duration = Duration::from_secs(30);
/// What is read at once.
const READ_BYTES: usize = 64 * 1024;
/// Where an answer says that a call was carried out, and how.
const BEGIN_BYTES: usize = 256;
const SUCCESS: &[u8] = b"<returncode>SUCCESS";
/// People who join each meeting.
const PEOPLE: usize = 3;
/// How long meetings may still be listed after their end.
const LISTED_SECONDS: u64 = 60;

/// How many meetings, and how many calls at one time.
pub struct Plan {
    pub at_once: usize,
    pub meetings: usize,
}

impl Plan {
    pub const TOGETHER: Self = Self {
        at_once: 16,
        meetings: 300,
    };
    pub const ONE_BY_ONE: Self = Self {
        at_once: 1,
        meetings: 100,
    };
}

/// What one kind of call took.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub call: &'static str,
    pub a_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub failed: usize,
}

/// Waits until no server lists a meeting: they tell of one for a while after its end, and who is quick would
/// have to read more than who is slow.
pub async fn quiet(servers: &Servers) {
    for server in servers.fronts() {
        wait::until("no meeting is listed", LISTED_SECONDS, async || {
            let said = server.get(&server.path("getMeetings", &[])).await;
            (!said.body.contains("<meeting>")).then_some(())
        })
        .await;
    }
}

/// One round: meetings are created and created again, joined, asked about, listed, and ended.
pub async fn round(front: &FrontEnd, plan: &Plan, round: usize) -> Vec<Row> {
    let id = |number: usize| format!("meeting-{}-{round}-{number}", plan.at_once);
    let create = |number: usize| {
        let id = id(number);
        let parameters = [
            ("name", &*id),
            ("meetingID", &id),
            ("attendeePW", "guest"),
            ("moderatorPW", "host"),
            // Small enough that no server is ever full.
            ("meta_bbb-meeting-size-hint", "2"),
        ];
        front.path("create", &parameters)
    };
    let about = |call: &'static str| {
        move |number: usize| {
            let id = id(number);
            front.path(call, &[("meetingID", &id), ("password", "host")])
        }
    };
    let join = |number: usize| {
        let (id, person) = (id(number / PEOPLE), format!("Person {number}"));
        let parameters = [
            ("fullName", &*person),
            ("meetingID", &id),
            ("password", "guest"),
        ];
        front.path("join", &parameters)
    };
    let n = plan.meetings;
    let all = |_: usize| front.path("getMeetings", &[]);
    vec![
        measure("create", front, plan, n, create).await,
        measure("create again", front, plan, n, create).await,
        measure("join", front, plan, n * PEOPLE, join).await,
        measure("getMeetingInfo", front, plan, n, about("getMeetingInfo")).await,
        measure(
            "isMeetingRunning",
            front,
            plan,
            n,
            about("isMeetingRunning"),
        )
        .await,
        measure("getMeetings", front, plan, n.div_ceil(3), all).await,
        measure("end", front, plan, n, about("end")).await,
    ]
}

async fn measure(
    call: &'static str,
    front: &FrontEnd,
    plan: &Plan,
    count: usize,
    path: impl Fn(usize) -> String,
) -> Row {
    let paths: Vec<String> = (0..count).rev().map(path).collect();
    let paths = Arc::new(Mutex::new(paths));
    let began = Instant::now();
    let mut workers = Vec::new();
    for _ in 0..plan.at_once {
        workers.push(tokio::spawn(work(front.clone(), Arc::clone(&paths))));
    }
    let (mut times, mut failed) = (Vec::new(), 0);
    for worker in workers {
        for (took, went_well) in worker.await.unwrap() {
            times.push(took.as_secs_f64() * 1_000.0);
            failed += usize::from(!went_well);
        }
    }
    let a_second = count as f64 / began.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |per_cent: usize| times[(times.len() * per_cent / 100).min(times.len() - 1)];
    Row {
        call,
        a_second,
        p50_ms: at(50),
        p99_ms: at(99),
        failed,
    }
}

async fn work(front: FrontEnd, paths: Arc<Mutex<Vec<String>>>) -> Vec<(Duration, bool)> {
    let mut connection = None;
    let mut done = Vec::new();
    loop {
        let Some(path) = paths.lock().await.pop() else {
            return done;
        };
        let began = Instant::now();
        let said = tokio::time::timeout(DEADLINE, ask(&front, &mut connection, &path)).await;
        let went_well = matches!(said, Ok(Ok(true)));
        if !went_well {
            connection = None;
        }
        done.push((began.elapsed(), went_well));
    }
}

/// One call over a connection that is kept; whether it was carried out.
async fn ask(front: &FrontEnd, kept: &mut Option<TcpStream>, path: &str) -> std::io::Result<bool> {
    let stream = match kept {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(front.server).await?;
            stream.set_nodelay(true)?;
            kept.insert(stream)
        }
    };
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", front.server);
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::with_capacity(READ_BYTES);
    let mut head = None;
    loop {
        bytes.reserve(READ_BYTES);
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(false);
        }
        if head.is_none() {
            head = Head::read(&bytes);
        }
        let Some(head) = head.as_ref().filter(|head| head.is_whole(&bytes)) else {
            continue;
        };
        if head.closes {
            *kept = None;
        }
        // What the load does beside shares a processor with the servers: no more than it has to.
        let begin = &bytes[head.bytes..bytes.len().min(head.bytes + BEGIN_BYTES)];
        let mut parts = begin.windows(SUCCESS.len());
        return Ok(head.is_redirect || parts.any(|part| part == SUCCESS));
    }
}

/// What comes before a body.
struct Head {
    bytes: usize,
    length: Option<usize>,
    closes: bool,
    is_redirect: bool,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let mut lines = text.split("\r\n");
        let length = lines.find_map(|line| line.strip_prefix("content-length:"));
        Some(Self {
            bytes: end,
            length: length.and_then(|length| length.trim().parse().ok()),
            closes: text.contains("connection: close"),
            is_redirect: text.starts_with("http/1.1 30"),
        })
    }

    fn is_whole(&self, bytes: &[u8]) -> bool {
        match self.length {
            Some(length) => bytes.len() >= self.bytes + length,
            None => bytes.ends_with(b"0\r\n\r\n"),
        }
    }
}

/// Call by call the round in the middle.
pub fn middle(rounds: &[Vec<Row>]) -> Vec<Row> {
    let kinds = rounds[0].len();
    (0..kinds)
        .map(|kind| {
            let mut of_kind: Vec<Row> = rounds.iter().map(|rows| rows[kind]).collect();
            of_kind.sort_by(|one, other| one.a_second.total_cmp(&other.a_second));
            let failed = of_kind.iter().map(|row| row.failed).sum();
            Row {
                failed,
                ..of_kind[of_kind.len() / 2]
            }
        })
        .collect()
}
