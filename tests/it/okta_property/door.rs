//! One address for all lives of the program, so that Okta's hook has somewhere to go: while nobody is behind it,
//! connections are closed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub struct Door {
    pub url: String,
    leads_to: Arc<Mutex<Option<SocketAddr>>>,
    keeper: JoinHandle<()>,
}

impl Door {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let leads_to: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let inside = Arc::clone(&leads_to);
        let keeper = tokio::spawn(async move {
            while let Ok((outside, _)) = listener.accept().await {
                let Some(address) = *inside.lock().expect("nobody panics with it") else { continue };
                tokio::spawn(pass(outside, address));
            }
        });
        Self { url, leads_to, keeper }
    }

    pub fn leads_to(&self, url: &str) {
        let address = url.trim_start_matches("http://").parse().expect("an address");
        *self.leads_to.lock().expect("nobody panics with it") = Some(address);
    }
}

async fn pass(mut outside: TcpStream, address: SocketAddr) {
    if let Ok(mut inside) = TcpStream::connect(address).await {
        // Either side may die in between: that is what this is for.
        let _ = copy_bidirectional(&mut outside, &mut inside).await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}
