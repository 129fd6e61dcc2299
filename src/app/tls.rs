//! The server's own certificate, for the case without a proxy. It is read once, at the start.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::BuildError;
use crate::config::TlsFiles;

/// What the server shows to those who connect.
///
/// # Errors
/// Names the file that cannot be used.
pub(crate) fn server_config(files: &TlsFiles) -> Result<rustls::ServerConfig, BuildError> {
    let unreadable = |path: &std::path::Path, error: &dyn std::fmt::Display| {
        BuildError::Tls(format!("{} cannot be used: {error}", path.display()))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(unreadable(&files.certificate, &"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, &error))?;
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| BuildError::Tls(format!("certificate and key do not fit: {error}")))
}
