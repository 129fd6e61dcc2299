//! One address in front of another that comes and goes: a small forwarder of TCP that a test may cut, or hold.
//!
//! While nobody is behind it, connections are closed. Cut, both sides see the connection end in its middle; held, nothing
//! moves and nobody is told, as behind a firewall that forgot. A trap holds it from a certain request on.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A word a request may have in it.
type Trap = Arc<Mutex<Option<&'static str>>>;

pub struct Door {
    pub url: String,
    leads_to: Arc<Mutex<Option<SocketAddr>>>,
    /// Raised by one, all connections end.
    cuts: watch::Sender<u64>,
    held: watch::Sender<bool>,
    /// What a request must have in it for the door to be held from then on.
    trap: Trap,
    keeper: JoinHandle<()>,
}

impl Door {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let leads_to: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let ((cuts, cut), (held, holds)) = (watch::channel(0), watch::channel(false));
        let (inside, trap) = (Arc::clone(&leads_to), Trap::default());
        let snare = (Arc::clone(&trap), held.clone());
        let keeper = tokio::spawn(async move {
            while let Ok((outside, _)) = listener.accept().await {
                let Some(address) = *inside.lock().expect("nobody panics with it") else { continue };
                let (mut cut, holds, snare) = (cut.clone(), holds.clone(), snare.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        () = pass(outside, address, holds, snare) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { url, leads_to, cuts, held, trap, keeper }
    }

    /// The port it is at.
    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    pub fn leads_to(&self, url: &str) {
        let address = url.trim_start_matches("http://").parse().expect("an address");
        *self.leads_to.lock().expect("nobody panics with it") = Some(address);
    }

    /// Ends every connection.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// From now on nothing moves, or everything again.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Nothing moves from the first request on that has this word in it. That one arrives when the door lets go, on a
    /// connection of its own: a server gives up one that was silent.
    pub fn hold_from(&self, word: &'static str) {
        *self.trap.lock().expect("nobody panics with it") = Some(word);
    }

    /// Waits until nothing moves.
    pub async fn is_held(&self) {
        self.held.subscribe().wait_for(|held| *held).await.expect("the sender is ours");
    }
}

type Snare = (Trap, watch::Sender<bool>);

async fn pass(outside: TcpStream, address: SocketAddr, holds: watch::Receiver<bool>, snare: Snare) {
    let Ok(inside) = TcpStream::connect(address).await else { return };
    let (from_outside, to_outside) = outside.into_split();
    let (from_inside, to_inside) = inside.into_split();
    let late = holds.clone();
    let caught = move |request: &[u8]| {
        if is_caught(&snare, request) {
            tokio::spawn(arrive_late(address, request.to_vec(), late.clone()));
        }
    };
    tokio::join!(
        copy(from_outside, to_inside, holds.clone(), caught),
        copy(from_inside, to_outside, holds, |_: &[u8]| ())
    );
}

fn is_caught((trap, held): &Snare, request: &[u8]) -> bool {
    let mut trap = trap.lock().expect("nobody panics with it");
    let caught = trap.is_some_and(|word| String::from_utf8_lossy(request).contains(word));
    if caught {
        *trap = None;
        held.send_replace(true);
    }
    caught
}

async fn arrive_late(address: SocketAddr, request: Vec<u8>, mut holds: watch::Receiver<bool>) {
    let mut answer = [0; 1024];
    if holds.wait_for(|held| !held).await.is_ok()
        && let Ok(mut fresh) = TcpStream::connect(address).await
        && fresh.write_all(&request).await.is_ok()
    {
        // Whoever asked is not there any more; the server wants to be heard all the same.
        let _ = fresh.read(&mut answer).await;
    }
}

/// Until either side ends: that is what this is for.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut holds: watch::Receiver<bool>, look: impl Fn(&[u8])) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        look(&bytes[..count]);
        if holds.wait_for(|held| !held).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    // The other side is told that no more comes; it may be gone already.
    let _ = to.shutdown().await;
}

impl Drop for Door {
    fn drop(&mut self) {
        self.keeper.abort();
        self.cut();
    }
}
