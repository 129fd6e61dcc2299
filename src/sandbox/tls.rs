//! HTTPS for programs that know LINE WORKS' hosts by heart: a certification authority made at every start, a certificate
//! for both vendor hosts and this computer's own names, and which host serves which paths.
//!
//! The authority's certificate is written to a file for clients to trust; its key never leaves memory.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use super::clock::Clock;

/// The host of the token and revoke endpoints.
pub(crate) const AUTH_HOST: &str = "auth.worksmobile.com";

/// The host of the REST API and of SCIM.
pub(crate) const API_HOST: &str = "www.worksapis.com";

/// How the sandbox serves HTTPS as well.
#[derive(Debug, Clone)]
pub struct SandboxTls {
    /// Where it listens; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The file the authority's certificate is written to, in PEM.
    pub ca_file: PathBuf,
}

/// True if this host serves this path: LINE WORKS has its endpoints on two hosts; by any other name there are all.
pub(crate) fn serves(host: &str, path: &str) -> bool {
    let is_auth = path.starts_with("/oauth2/");
    match host.split(':').next().unwrap_or_default() {
        AUTH_HOST => is_auth,
        API_HOST => !is_auth,
        _ => true,
    }
}

/// Makes an authority and a certificate, and writes the authority's to `ca_file`.
///
/// # Errors
/// When no key can be made or the file cannot be written.
pub(crate) fn configure(ca_file: &Path) -> io::Result<ServerConfig> {
    let authority = CertifiedIssuer::self_signed(authority()?, key()?).map_err(io::Error::other)?;
    let server_key = key()?;
    let certificate = server()?.signed_by(&server_key, &authority).map_err(io::Error::other)?;
    write(ca_file, &authority.pem())?;
    let chain = vec![certificate.der().clone()];
    let server_key = PrivateKeyDer::try_from(server_key.serialize_der()).map_err(io::Error::other)?;
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, server_key).map_err(io::Error::other)
}

fn key() -> io::Result<KeyPair> {
    KeyPair::generate().map_err(io::Error::other)
}

fn authority() -> io::Result<CertificateParams> {
    let mut params = valid_now(CertificateParams::default());
    params.distinguished_name.push(DnType::CommonName, "okta-lineworks sandbox");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn server() -> io::Result<CertificateParams> {
    let names = [AUTH_HOST, API_HOST, "localhost"].map(str::to_owned);
    let mut params = valid_now(CertificateParams::new(names).map_err(io::Error::other)?);
    params.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
    params.distinguished_name.push(DnType::CommonName, API_HOST);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// From the day before this year to the end of the next: some clients refuse a certificate that lives much longer.
fn valid_now(mut params: CertificateParams) -> CertificateParams {
    let year = i32::from(Clock::real_now().to_zoned(jiff::tz::TimeZone::UTC).year());
    params.not_before = rcgen::date_time_ymd(year, 1, 1) - std::time::Duration::from_secs(24 * 3600);
    params.not_after = rcgen::date_time_ymd(year + 2, 1, 1);
    params
}

/// Everybody may read it: it is no secret.
fn write(ca_file: &Path, pem: &str) -> io::Result<()> {
    fs::write(ca_file, pem)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(ca_file, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}
