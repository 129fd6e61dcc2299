//! The configuration: one TOML file, variables over it, flags over both, read once when the program starts.
//!
//! [`load`] turns what was written into a [`Config`] of parsed values, or into a [`ConfigError`] with every problem
//! found. Nothing here reads the process environment: variables come in as an argument. Only the composition root sees
//! `Config`; other modules take the values they need. Secrets never appear in `Debug`, errors or warnings.

mod check;
mod duration;
mod layers;
mod model;
mod okta_key;
mod pem;
mod problems;
mod raw;
mod sandbox;
mod sandbox_okta;
mod secret;
mod sections;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use duration::parse as parse_duration;
pub use model::{
    Adopt, Assign, Backend, Broker, CatchUp, Config, Converge, DirectoryAccess, Domains, EventTime, Inbound, Ledger,
    LedgerUrl, LineWorks, Log, LogFormat, Okta, OktaAccess, OktaOrg, Pacing, PasswordCreation, Placement,
    PostgresEncryption, PostgresUrl, Server, TlsFiles, Unassign, UnassignPolicy,
};
pub use problems::{ConfigError, Origin, Problem};
pub use sandbox::SandboxDefaults;
pub use sandbox_okta::OktaDefaults;
pub use secret::{LiveSecret, NamedSecret};

use check::Check;
use layers::Layers;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What every variable of ours begins with.
pub const VARIABLE_PREFIX: &str = "OKTA_LINEWORKS__";

/// Where a configuration file is looked for, first come, when none is named.
pub const SEARCHED: [&str; 2] = ["okta-lineworks.toml", "/etc/okta-lineworks/okta-lineworks.toml"];

/// What a configuration is made of.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file named with `--config`; without it, [`SEARCHED`].
    pub file: Option<PathBuf>,
    /// The environment; names without our prefix are passed over.
    pub env: Vec<(String, String)>,
    /// Values given as flags, by dotted key such as `server.listen`.
    pub overrides: Vec<(&'static str, String)>,
    /// Stand-ins; `Some` makes this sandbox mode.
    pub sandbox: Option<SandboxDefaults>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("file", &self.file).field("sandbox", &self.sandbox).finish_non_exhaustive()
    }
}

/// A configuration that was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The parsed values.
    pub config: Config,
    /// What works but should be looked at, one sentence each, to be logged once logging is up.
    pub warnings: Vec<String>,
    /// The file that was read, if any.
    pub path: Option<PathBuf>,
}

/// Reads the configuration from its sources.
///
/// # Errors
/// With every problem found: a file that cannot be read, names nobody knows, values of the wrong form or out of range,
/// and what is missing.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    load_searching(sources, &SEARCHED.map(Path::new))
}

/// [`load`], with the places to look for a file when none is named.
fn load_searching(sources: &Sources, places: &[&Path]) -> Result<Loaded, ConfigError> {
    let path = sources.file.clone().or_else(|| places.iter().find(|p| p.exists()).map(|p| p.to_path_buf()));
    let mut layers = Layers::default();
    let readable = match &path {
        Some(path) => lay_file(&mut layers, path, sources.file.is_some()),
        None => true,
    };
    layers.lay_variables(&sources.env);
    layers.lay_flags(&sources.overrides);
    if !readable {
        // without the file, most of what would be said from here on is not true
        return Err(ConfigError { problems: layers.problems });
    }
    if let Some(sandbox) = &sources.sandbox {
        sandbox::lay_stand_ins(&mut layers, sandbox);
    }
    layers.lay_defaults();
    read(layers, sources.sandbox.is_some(), path)
}

/// Lays the file over what is there; says whether it could be read and is TOML.
fn lay_file(layers: &mut Layers, path: &Path, named: bool) -> bool {
    let mut text = Zeroizing::new(String::new());
    let read = File::open(path).and_then(|mut file| {
        file.read_to_string(&mut text)?;
        Ok(file)
    });
    match read {
        Ok(file) => {
            let is_toml = layers.lay_file(path, &text);
            if layers.has_secret_in_file() {
                layers.warnings.extend(secret::readable_by_all(&file, path));
            }
            is_toml
        }
        Err(error) => {
            let origin = if named { Origin::Flag("--config") } else { Origin::NotSet("configuration file".into()) };
            layers.problems.push(Problem::new(
                "",
                &origin,
                format!("{} cannot be read: {error}", path.display()),
                "check the path and that the service's user may read it",
            ));
            false
        }
    }
}

/// Parses what the layers hold.
fn read(layers: Layers, sandbox: bool, path: Option<PathBuf>) -> Result<Loaded, ConfigError> {
    let not_set = match &path {
        Some(path) => format!("not set in {}", path.display()),
        None => "not set, no configuration file found".to_owned(),
    };
    let (raw, origins, layers) = layers.into_raw();
    let mut check = Check {
        sandbox,
        origins,
        not_set: Origin::NotSet(not_set),
        problems: layers.problems,
        warnings: layers.warnings,
    };
    let config = raw.and_then(|raw| sections::config(raw, &mut check));
    match config {
        Some(config) if check.problems.is_empty() => Ok(Loaded { config, warnings: check.warnings, path }),
        _ => Err(ConfigError { problems: check.problems }),
    }
}
