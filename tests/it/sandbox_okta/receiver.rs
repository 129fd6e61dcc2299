//! A small real HTTP server that keeps what it gets and answers what it is told.

use std::collections::{HashMap, VecDeque};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::{Value, json};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    pub headers: HashMap<String, String>,
    /// Null for an empty body.
    pub body: Value,
}

impl Received {
    /// The uuids of its events, in order.
    pub fn uuids(&self) -> Vec<String> {
        self.texts("uuid")
    }

    /// The types of its events, in order.
    pub fn types(&self) -> Vec<String> {
        self.texts("eventType")
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let events = self.body["data"]["events"].as_array().expect("a list of events");
        events.iter().map(|event| event[name].as_str().expect("a text").to_owned()).collect()
    }
}

/// How a request is answered.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Status(u16),
    /// An answer after so many milliseconds.
    After(u64, u16),
    /// The challenge is given back.
    Challenge,
    /// Something else is given back.
    WrongChallenge,
}

#[derive(Default)]
struct Kept {
    received: Vec<Received>,
    answers: VecDeque<Answer>,
}

/// The server.
pub struct Receiver {
    pub uri: String,
    kept: Arc<Mutex<Kept>>,
}

impl Receiver {
    pub fn start() -> Self {
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let uri = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let data = Data::from(kept.clone());
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(take)))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(0)
            .listen(listener)
            .expect("it listens");
        tokio::spawn(server.run());
        Self { uri, kept }
    }

    /// Answers the next requests so; 204 after that.
    pub fn answer(&self, answers: &[Answer]) {
        self.kept.lock().expect("no panic").answers.extend(answers);
    }

    pub fn received(&self) -> Vec<Received> {
        self.kept.lock().expect("no panic").received.clone()
    }

    /// The requests once there are so many of them, and no more.
    pub async fn after(&self, count: usize) -> Vec<Received> {
        let started = tokio::time::Instant::now();
        loop {
            let received = self.received();
            assert!(received.len() <= count, "too many: {received:#?}");
            if received.len() == count {
                return received;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "too few: {received:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn take(request: HttpRequest, body: Bytes, kept: Data<Mutex<Kept>>) -> HttpResponse {
    let headers = request.headers().iter();
    let headers: HashMap<String, String> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned())).collect();
    let challenge = headers.get("x-okta-verification-challenge").cloned().unwrap_or_default();
    let answer = {
        let mut kept = kept.lock().expect("no panic");
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        kept.received.push(Received { method: request.method().to_string(), headers, body });
        kept.answers.pop_front().unwrap_or(Answer::Status(204))
    };
    let status = |status: u16| HttpResponse::build(status.try_into().expect("a status"));
    match answer {
        Answer::Status(code) if (300..400).contains(&code) => {
            status(code).insert_header(("Location", request.path().to_owned())).finish()
        }
        Answer::Status(code) => status(code).finish(),
        Answer::After(milliseconds, code) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            status(code).finish()
        }
        Answer::Challenge => status(200).json(json!({ "verification": challenge })),
        Answer::WrongChallenge => status(200).json(json!({ "verification": "something else" })),
    }
}
