//! HTTP: requests become calls, replies become responses.
//!
//! Everything is served by one handler, because the vendor's paths are read undecoded. Vendor calls run in tasks of their
//! own; when the client goes away only the handler ends.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName};
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::stream;
use rustls::ServerConfig;
use tokio::sync::oneshot;

use super::call::Call;
use super::control;
use super::pipeline;
use super::reply::{Body, Reply};
use super::world::Shared;

/// The largest body that is read, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// Makes the server on sockets that listen already.
pub(crate) fn build(
    listener: TcpListener,
    tls: Option<(TcpListener, ServerConfig)>,
    shared: Arc<Shared>,
) -> io::Result<(Server, ServerHandle)> {
    let shared = Data::from(shared);
    let http = HttpServer::new(move || {
        App::new().app_data(shared.clone()).app_data(PayloadConfig::new(LARGEST_BODY)).default_service(web::to(handle))
    })
    .workers(1)
    .disable_signals()
    // A client that goes away is noticed at once.
    .h1_allow_half_closed(false)
    .shutdown_timeout(0)
    .listen(listener)?;
    let server = match tls {
        Some((listener, config)) => http.listen_rustls_0_23(listener, config)?.run(),
        None => http.run(),
    };
    let handle = server.handle();
    Ok((server, handle))
}

async fn handle(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let call = read(&request, body);
    let shared = shared.into_inner();
    if let Some(path) = call.path.strip_prefix("/_sandbox/") {
        return write(control::handle(&shared, &call, path));
    }
    // Held while the client waits; actix drops this handler, and with it the sender, when the client goes away.
    let (_waiting, client) = oneshot::channel();
    let task = tokio::spawn(pipeline::serve(shared, call, client));
    match task.await {
        Ok(reply) => write(reply),
        Err(error) => {
            tracing::error!(%error, "the sandbox failed to serve a call");
            HttpResponse::InternalServerError().body("the sandbox failed to serve this call")
        }
    }
}

fn read(request: &HttpRequest, body: Bytes) -> Call {
    let header = |name: HeaderName| {
        let value = request.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    Call {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.query_string().to_owned(),
        // HTTP/2 has it in the request's own address.
        host: header(HOST).or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default(),
        secure: request.app_config().secure(),
        authorization: header(AUTHORIZATION),
        content_type: header(CONTENT_TYPE).unwrap_or_default().to_lowercase(),
        headers: request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect(),
        body,
        broken: Arc::default(),
    }
}

fn write(reply: Reply) -> HttpResponse<BoxBody> {
    if reply.cut {
        // A body that fails before its first byte makes actix drop the connection with nothing written.
        let failing = stream::once(async { Err::<Bytes, _>(io::Error::other("cut off on purpose")) });
        return HttpResponse::Ok().streaming(failing);
    }
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers {
        // Some, such as `Link`, may be there twice.
        response.append_header((name, value));
    }
    match reply.body {
        Body::None => response.finish(),
        Body::Json(value) => response.json(value),
        Body::Text(text) => response.content_type("text/html; charset=utf-8").body(text),
    }
}
