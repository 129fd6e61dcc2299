//! The floors: what no service that verifies signatures, and none that also keeps what it acknowledges, can do without.
//!
//! They use the service's own signature check and the same HTTP server with the same settings. Floor 2 keeps a body by
//! appending it to a file; one fdatasync serves everybody who waits at that moment.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use actix_web::http::header::LOCATION;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use okta_lineworks::clock::Clock;
use okta_lineworks::inbound::caller::{Callers, Named};
use tokio::sync::oneshot;

use super::support::Fallible;
use super::support::server;

const BODY_LIMIT: usize = 256 * 1024;

struct Floor {
    callers: Callers,
    clock: Clock,
    appender: Option<mpsc::Sender<Append>>,
}

struct Append {
    body: Bytes,
    kept: oneshot::Sender<()>,
}

/// Serves until the process is killed; tells its address on standard output.
pub fn serve(file: Option<&Path>) -> Fallible<()> {
    let signing = Named { name: "bench".to_owned(), secret: server::SECRET.into() };
    let floor = Data::new(Floor {
        callers: Callers::new(&[], &[signing], &[], &[], "Authorization"),
        clock: Clock::system(),
        appender: file.map(appender).transpose()?,
    });
    let workers = std::thread::available_parallelism()?.get();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let server = HttpServer::new(move || {
            let resource = web::resource("/v1/assignments/{person}").route(web::put().to(put));
            App::new().app_data(floor.clone()).service(resource).route("/livez", web::get().to(HttpResponse::Ok))
        })
        .workers(workers)
        .max_connections(2048)
        .client_request_timeout(Duration::from_secs(10))
        .disable_signals()
        .bind("127.0.0.1:0")?;
        println!("{}", server.addrs()[0]);
        Ok(server.run().await?)
    })
}

async fn put(floor: Data<Floor>, request: HttpRequest, person: web::Path<String>, body: web::Payload) -> HttpResponse {
    let Ok(Ok(body)) = body.to_bytes_limited(BODY_LIMIT).await else { return HttpResponse::BadRequest().finish() };
    if let Err(problem) = floor.callers.signer(&request, &body, floor.clock.now()).await {
        return HttpResponse::Unauthorized().body(problem.to_string());
    }
    if let Some(appender) = &floor.appender {
        let (kept, answer) = oneshot::channel();
        if appender.send(Append { body, kept }).is_err() || answer.await.is_err() {
            return HttpResponse::ServiceUnavailable().finish();
        }
    }
    let body = serde_json::json!({"oktaUserId": &*person, "state": "due", "revision": 1, "verdict": "new"});
    HttpResponse::Accepted().insert_header((LOCATION, format!("/v1/assignments/{person}"))).json(body)
}

fn appender(file: &Path) -> std::io::Result<mpsc::Sender<Append>> {
    let mut file = File::create(file)?;
    let (appender, waiting) = mpsc::channel::<Append>();
    std::thread::spawn(move || {
        while let Ok(first) = waiting.recv() {
            let batch: Vec<Append> = std::iter::once(first).chain(waiting.try_iter()).collect();
            let bytes: Vec<u8> = batch.iter().flat_map(|one| one.body.iter().copied()).collect();
            file.write_all(&bytes).and_then(|()| file.sync_data()).expect("the disk takes it");
            for one in batch {
                // A caller that went away needs no answer.
                let _ = one.kept.send(());
            }
        }
    });
    Ok(appender)
}
