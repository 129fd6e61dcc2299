//! The load: a closed loop over raw keep-alive connections, on one thread.
//!
//! Every request is a real `PUT /v1/assignments/{id}` with `Prefer: wait=0`, with a body of 2 KiB, signed when it is sent,
//! and a new event: about a person nobody has heard of, or about the next of those the ledger has.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use okta_lineworks::clock::Clock;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{self, SECRET, Server};
use super::{Fallible, millis};

/// Bytes of a body.
const BODY: usize = 2048;
/// What is replaced in the body by the number of the person.
const PERSON: &str = "000000000000";
/// What is replaced in the body by the number of the event.
const EVENT: &str = "111111111111";
/// The time before the measurement begins.
const WARM_UP: Duration = Duration::from_millis(300);

/// What one turn showed.
pub struct Turn {
    /// Acknowledged events a second.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// The servers' CPU time per event, in microseconds.
    pub cpu_us: f64,
    /// The database server's, if there is one.
    pub database_us: f64,
}

/// Makes requests; no two are the same event.
#[derive(Clone)]
pub struct Load {
    body: Rc<str>,
    key: Hmac<Sha256>,
    next: Rc<Cell<u64>>,
    /// So many people are known: after the last one comes the first again.
    known: Option<u64>,
    clock: Clock,
}

/// Where a load goes: connections are dealt to the servers in turn.
pub struct Target<'t> {
    pub servers: &'t [Server],
    /// The first process of the database server.
    pub database: Option<u32>,
}

impl<'t> From<&'t Server> for Target<'t> {
    fn from(server: &'t Server) -> Self {
        Self { servers: std::slice::from_ref(server), database: None }
    }
}

impl Target<'_> {
    fn cpu(&self) -> Fallible<(Duration, Duration)> {
        let servers = self.servers.iter().map(Server::cpu).sum::<Fallible<Duration>>()?;
        Ok((servers, self.database.map_or(Ok(Duration::ZERO), server::cpu_of_family)?))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    WarmUp,
    Measured,
    Over,
}

impl Load {
    /// About people with these numbers and higher, each once.
    pub fn about_new(first: u64) -> Self {
        let key = Hmac::new_from_slice(SECRET.as_bytes()).expect("HMAC takes a key of any length");
        Self { body: body().into(), key, next: Rc::new(Cell::new(first)), known: None, clock: Clock::system() }
    }

    /// About so many people the ledger has, in no order of their ids; events have these numbers and higher.
    pub fn about_known(people: u64, first: u64) -> Self {
        Self { known: Some(people), ..Self::about_new(first) }
    }

    /// Loads the servers for this long and says what was measured.
    pub async fn turn(&self, target: &Target<'_>, connections: usize, length: Duration) -> Fallible<Turn> {
        let phase = Rc::new(Cell::new(Phase::WarmUp));
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let mut clients = Vec::new();
                for server in target.servers.iter().cycle().take(connections) {
                    let client = self.client(server).await?;
                    clients.push(tokio::task::spawn_local(client.while_it_lasts(Rc::clone(&phase))));
                }
                tokio::time::sleep(WARM_UP).await;
                let (before, begun) = (target.cpu()?, Instant::now());
                phase.set(Phase::Measured);
                tokio::time::sleep(length).await;
                phase.set(Phase::Over);
                let (after, elapsed) = (target.cpu()?, begun.elapsed());
                let mut times = Vec::new();
                for client in clients {
                    times.extend(client.await??);
                }
                Ok(Turn::of(times, (after.0 - before.0, after.1 - before.1), elapsed))
            })
            .await
    }

    /// Sends this many events.
    pub async fn send(&self, server: &Server, connections: usize, count: usize) -> Fallible<()> {
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let mut clients = Vec::new();
                for _ in 0..connections {
                    let mut client = self.client(server).await?;
                    clients.push(tokio::task::spawn_local(async move {
                        for _ in 0..count.div_ceil(connections) {
                            client.call().await?;
                        }
                        Fallible::Ok(())
                    }));
                }
                for client in clients {
                    client.await??;
                }
                Ok(())
            })
            .await
    }

    async fn client(&self, server: &Server) -> Fallible<Client> {
        let connection = TcpStream::connect(server.address).await?;
        connection.set_nodelay(true)?;
        Ok(Client { connection, load: self.clone(), buffer: Vec::with_capacity(4096) })
    }

    fn request(&self) -> Vec<u8> {
        let event = self.next.get();
        self.next.set(event + 1);
        let number = self.known.map_or(event, |people| event % people);
        let target = format!("/v1/assignments/{}", person(number));
        let timestamp = self.clock.now().as_second().to_string();
        let body = self.body.replace(PERSON, &format!("{number:012}")).replace(EVENT, &format!("{event:012}"));
        let mut mac = self.key.clone();
        for part in [&timestamp, " PUT ", &target, " ", &body] {
            mac.update(part.as_bytes());
        }
        let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "PUT {target} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Prefer: wait=0\r\nX-Timestamp: {timestamp}\r\nX-Signature: v1={signature}\r\n\r\n{body}",
            body.len(),
        )
        .into_bytes()
    }
}

impl Turn {
    fn of(mut times: Vec<Duration>, (servers, database): (Duration, Duration), elapsed: Duration) -> Self {
        times.sort_unstable();
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
        let per_event = |cpu: Duration| cpu.as_secs_f64() * 1e6 / times.len() as f64;
        Self {
            rate: times.len() as f64 / elapsed.as_secs_f64(),
            p50_ms: millis(at(0.5)),
            p99_ms: millis(at(0.99)),
            cpu_us: per_event(servers),
            database_us: per_event(database),
        }
    }
}

/// One keep-alive connection.
struct Client {
    connection: TcpStream,
    load: Load,
    buffer: Vec<u8>,
}

impl Client {
    /// Calls until the turn is over; the times of the calls that began and ended while it was measured.
    async fn while_it_lasts(mut self, phase: Rc<Cell<Phase>>) -> Fallible<Vec<Duration>> {
        let mut times = Vec::new();
        while phase.get() != Phase::Over {
            let (measured, asked) = (phase.get() == Phase::Measured, Instant::now());
            self.call().await?;
            if measured && phase.get() == Phase::Measured {
                times.push(asked.elapsed());
            }
        }
        Ok(times)
    }

    async fn call(&mut self) -> Fallible<()> {
        let request = self.load.request();
        self.connection.write_all(&request).await?;
        self.buffer.clear();
        loop {
            if self.connection.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(status) = whole_answer(&self.buffer) {
                let shown = || String::from_utf8_lossy(&self.buffer).into_owned();
                return if status == "202" { Ok(()) } else { Err(shown().into()) };
            }
        }
    }
}

/// The id of the person with this number: a different one for every number, in no order, as Okta's are.
pub fn person(number: u64) -> String {
    format!("00u{:017}", number * SCATTER.0 % SCATTER.1)
}

/// A factor and a prime; SQL can reckon with them, too.
pub const SCATTER: (u64, u64) = (1_103_515_245, 2_147_483_647);

/// The login of the person with this number.
pub fn email(number: u64) -> String {
    format!("person{number:012}@sandbox.example")
}

/// The status, once header and body are there.
fn whole_answer(bytes: &[u8]) -> Option<&str> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    (bytes.len() >= end + 4 + length?).then(|| &head[9..12])
}

/// A profile as a well filled one is, up to 2 KiB: names, numbers, places, and the org units of a person with many
/// hats.
fn body() -> String {
    let unit =
        |n: usize| json!({"orgUnitId": format!("externalKey:department-{n:04}"), "positionId": "externalKey:chief"});
    let mut user = json!({
        "email": format!("person{PERSON}@sandbox.example"),
        "userName": {"lastName": "海野", "firstName": "花子", "phoneticLastName": "ウミノ", "phoneticFirstName": "ハナコ"},
        "i18nNames": [{"language": "en_US", "lastName": "Umino", "firstName": "Hanako"}],
        "nickName": "はなちゃん", "employeeNumber": "E-1024", "telephone": "+81-3-1234-5678",
        "cellPhone": "+81-90-1234-5678", "location": "東京都港区三田 3F", "task": "漁業協同組合との折衝、出荷計画",
        "locale": "ja_JP", "timeZone": "Asia/Tokyo", "hiredDate": "2020-04-01",
        "organizations": [{"primary": true, "orgUnits": []}],
    });
    let whole = |user: &Value| json!({"user": user, "eventId": format!("event-{EVENT}")}).to_string();
    for n in 0.. {
        let mut longer = user.clone();
        let units = longer["organizations"][0]["orgUnits"].as_array_mut().expect("a list");
        units.push(unit(n));
        if whole(&longer).len() > BODY {
            break;
        }
        user = longer;
    }
    format!("{:BODY$}", whole(&user), BODY = BODY - (whole(&user).len() - whole(&user).chars().count()))
}
