//! HTTP by hand, for what no client library sends: broken bodies, slow bodies, odd targets.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, TestApp};

impl TestApp {
    /// Sends these bytes as they are, keeps the connection open, and reads the one answer.
    pub async fn raw(&self, request: &[u8]) -> Answer {
        let address = self.url.strip_prefix("http://").expect("plain HTTP");
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        stream.write_all(request).await.expect("it reads");
        let read = tokio::time::timeout(Duration::from_secs(20), read_answer(&mut stream));
        read.await.expect("an answer in time")
    }
}

async fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut received = Vec::new();
    let (head, body) = loop {
        assert_ne!(stream.read_buf(&mut received).await.expect("a connection"), 0, "closed without an answer");
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    let mut headers = reqwest::header::HeaderMap::new();
    if let Some(kind) = header(&head, "content-type") {
        headers.insert("content-type", kind.parse().expect("a header's value"));
    }
    Answer { status, headers, body: serde_json::from_str(&body).unwrap_or_default(), text: body }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
