//! What an administrator meets when the configuration is read: which source wins, what is said about mistakes, what the
//! sandbox fills in, and that the example file is true.
//!
//! All sources are given; the process environment and the working directory are never touched.

use super::problems::Origin;
use super::raw::{KEYS, Kind};
use super::*;
use secrecy::ExposeSecret;
use std::time::Duration;
use tempfile::TempDir;

const PEM: &str = "-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdrcWhraUc5dzBC\n-----END PRIVATE KEY-----\n";

/// The least that loads.
const LEAST: &str = r#"
[inbound]
card_secrets = [{ name = "okta", value = "card-secret-0123456789" }]
admin_secrets = [{ name = "admin", value = "admin-secret-0123456789" }]
[lineworks]
client_id = "abc"
client_secret = "client-secret-value"
service_account = "abc.serviceaccount@example.com"
private_key = "-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdrcWhraUc5dzBC\n-----END PRIVATE KEY-----\n"
domain_id = 10000001
"#;

fn directory_of(config: &Config) -> &DirectoryAccess {
    config.lineworks.directory.as_ref().expect("access to the Directory API")
}

/// A directory with a configuration file in it, and what is laid over it.
struct Given {
    directory: TempDir,
    sources: Sources,
}

impl Given {
    fn file(text: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("okta-lineworks.toml");
        std::fs::write(&path, text).expect("written");
        only_for_me(&path);
        let sources = Sources { file: Some(path), ..Sources::default() };
        Self { directory, sources }
    }

    fn least() -> Self {
        Self::file(LEAST)
    }

    /// [`LEAST`] with keys put into their sections.
    fn least_with(section: &str, lines: &str) -> Self {
        let header = format!("[{section}]\n");
        if LEAST.contains(&header) {
            Self::file(&LEAST.replace(&header, &format!("{header}{lines}\n")))
        } else {
            Self::file(&format!("{LEAST}{header}{lines}\n"))
        }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.env.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, key: &'static str, value: &str) -> Self {
        self.sources.overrides.push((key, value.into()));
        self
    }

    fn sandbox(mut self) -> Self {
        self.sources.sandbox = Some(SandboxDefaults {
            url: "http://127.0.0.1:8090".into(),
            client_id: "sandbox-client".into(),
            client_secret: "sandbox-client-secret".into(),
            service_account: "sandbox.serviceaccount@sandbox".into(),
            private_key: PEM.into(),
            domain_id: 42,
            scim_token: "sandbox-scim-token".into(),
            domains: vec![("sandbox.example".into(), 42)],
            okta: OktaDefaults {
                client_id: "sandbox-okta".into(),
                private_key: PEM.into(),
                api_token: "sandbox-okta-token".into(),
            },
        });
        self
    }

    fn secret_file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        only_for_me(&path);
        path
    }

    fn loads(self) -> Loaded {
        load(&self.sources).unwrap_or_else(|error| panic!("refused:\n{error}"))
    }

    fn refuses(self) -> ConfigError {
        load(&self.sources).expect_err("a configuration that must be refused")
    }

    /// Refused with one problem of that key, whose line holds that text.
    fn refuses_with(self, key: &str, text: &str) {
        let error = self.refuses();
        assert_eq!(error.problems.len(), 1, "{error}");
        let line = error.to_string();
        assert_eq!(error.problems[0].key, key, "{line}");
        assert!(line.contains(text), "`{text}` is not in: {line}");
    }
}

#[cfg(unix)]
fn only_for_me(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("mode set");
}

#[cfg(not(unix))]
fn only_for_me(_path: &Path) {}

mod sources {
    use super::*;

    #[test]
    fn the_least_loads_with_all_defaults_and_no_warning() {
        let loaded = Given::least().loads();
        let config = loaded.config;
        assert_eq!(loaded.warnings, [] as [&str; 0]);
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert!(config.server.http_workers >= 1);
        assert_eq!(config.inbound.event_time, EventTime::Required);
        assert_eq!(config.lineworks.adopt, Adopt::WhenNoExternalKey);
        assert_eq!(config.lineworks.api_url, "https://www.worksapis.com");
        assert_eq!(config.unassign.policy, UnassignPolicy::SuspendThenDelete);
        assert_eq!(config.unassign.delete_after, Duration::from_secs(7 * 86_400));
        assert_eq!(config.ledger.url, LedgerUrl::Sqlite("okta-lineworks.db".into()));
        assert_eq!(config.log.format, LogFormat::Text);
    }

    #[test]
    fn a_variable_wins_over_the_file_and_a_flag_over_both() {
        let given = || Given::least_with("server", "listen = \"127.0.0.1:1\"");
        let listens = |given: Given| given.loads().config.server.listen.port();
        let variable = "OKTA_LINEWORKS__SERVER__LISTEN";
        assert_eq!(listens(given()), 1);
        assert_eq!(listens(given().variable(variable, "127.0.0.1:2")), 2);
        let all = given().variable(variable, "127.0.0.1:2").flag("server.listen", "127.0.0.1:3");
        assert_eq!(listens(all), 3);
    }

    #[test]
    fn what_is_covered_by_a_higher_layer_may_be_wrong() {
        let given = Given::least_with("server", "listen = 5");
        let loaded = given.flag("server.listen", "127.0.0.1:3").loads();
        assert_eq!(loaded.config.server.listen.port(), 3);
    }

    #[test]
    fn variables_alone_are_enough_without_any_file() {
        let mut given = Given::least();
        given.sources.file = None;
        let table: toml::Table = LEAST.parse().expect("toml");
        for key in KEYS {
            let section = table.get(key.section);
            if let Some(value) = section.and_then(|section| section.get(key.name)) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                given = given.variable(&key.variable(), &text);
            }
        }
        let loaded = load_searching(&given.sources, &[]).expect("enough");
        assert_eq!(loaded.path, None);
        assert_eq!(loaded.config.lineworks.domains, Some(Domains::One(10_000_001)));
    }

    #[test]
    fn variables_are_read_as_what_their_key_wants() {
        let config = Given::least()
            .variable("OKTA_LINEWORKS__LINEWORKS__CLIENT_ID", "12345")
            .variable("OKTA_LINEWORKS__LINEWORKS__DOMAIN_ID", "7")
            .variable("OKTA_LINEWORKS__LINEWORKS__SSO", "false")
            .variable("OKTA_LINEWORKS__LINEWORKS__SCOPE", "user  directory")
            .variable("OKTA_LINEWORKS__UNASSIGN__PROTECTED", r#"["a@b.c"]"#)
            .variable("OKTA_LINEWORKS__INBOUND__CARD_SECRETS", r#"[{name="okta", value="another-secret-0123"}]"#)
            .loads()
            .config;
        assert_eq!(directory_of(&config).client_id, "12345");
        assert_eq!(config.lineworks.domains, Some(Domains::One(7)));
        assert!(!config.lineworks.sso);
        assert_eq!(directory_of(&config).scope, "user directory");
        assert_eq!(config.unassign.protected, ["a@b.c"]);
        let secret = &config.inbound.card_secrets[0].secret;
        assert_eq!(secret.expose_secret(), "another-secret-0123");
    }

    #[test]
    fn the_first_file_that_is_there_is_read() {
        let given = Given::least();
        let there = given.sources.file.clone().expect("named");
        let missing = given.directory.path().join("missing.toml");
        let sources = Sources::default();
        let loaded = load_searching(&sources, &[&missing, &there, Path::new("/")]);
        assert_eq!(loaded.expect("loads").path, Some(there));
    }

    #[test]
    fn a_named_file_that_is_missing_is_the_only_problem() {
        let mut given = Given::least();
        given.sources.file = Some(given.directory.path().join("nowhere.toml"));
        given.refuses_with("", "nowhere.toml cannot be read");
    }

    #[test]
    fn without_a_file_it_says_that_none_was_found() {
        let error = load_searching(&Sources::default(), &[]).expect_err("nothing is set");
        let text = error.to_string();
        assert!(text.contains("no configuration file found"), "{text}");
    }
}

mod mistakes {
    use super::*;

    #[test]
    fn a_misspelt_key_section_or_variable_gets_a_suggestion() {
        Given::least_with("server", "lisetn = \"x\"").refuses_with("server.lisetn", "did you mean `server.listen`?");
        Given::least_with("legder", "url = \"x\"").refuses_with("legder", "did you mean `[ledger]`?");
        Given::least_with("server", "client_id = \"x\"")
            .refuses_with("server.client_id", "did you mean `okta.client_id` or `lineworks.client_id`?");
        Given::least_with("okta", "api_tokne = \"x\"").refuses_with("okta.api_tokne", "did you mean `okta.api_token`?");
        Given::file(&format!("delete_after = \"1d\"\n{LEAST}"))
            .refuses_with("delete_after", "did you mean `unassign.delete_after`?");
        for (wrong, right) in [
            ("OKTA_LINEWORKS__LINEWORK__CLIENTID", "LINEWORKS__CLIENT_ID"),
            ("OKTA_LINEWORKS__SERVER_LISTEN", "OKTA_LINEWORKS__SERVER__LISTEN"),
            ("OKTA_LINEWORKS__LINEWORKS__PRIVATE_KEY__FIEL", "OKTA_LINEWORKS__LINEWORKS__PRIVATE_KEY__FILE"),
        ] {
            let error = Given::least().variable(wrong, "x").refuses();
            assert_eq!(error.problems.len(), 1, "{error}");
            let text = error.to_string();
            assert!(text.contains(right), "{text}");
        }
    }

    #[test]
    fn the_line_in_the_file_is_said() {
        let error = Given::least_with("lineworks", "adopt = \"nevre\"").refuses();
        let Origin::File(_, line) = error.problems[0].origin else {
            panic!("not from a file: {error}");
        };
        assert_eq!(line, 6, "{error}");
        assert!(error.to_string().contains("did you mean `never`?"));
    }

    #[test]
    fn all_problems_are_said_at_once_one_per_line() {
        let error = Given::file("[server]\nlisten = \":80\"\nrequest_timeout = 10\n[pacing]\nburst = 0\n[lineworks]\nbackend = \"scmi\"\n[ledger]\nurl = \"postgres://u:hunter2@db\"\n")
            .variable("OKTA_LINEWORKS__CONVERGE__WORKERS", "many")
            .refuses();
        let text = error.to_string();
        for part in [
            "write 0.0.0.0:80",
            "\"10s\"",
            "pacing.burst",
            "did you mean `scim`?",
            "names no database",
            "`many` is not a whole number",
            "inbound.admin_secrets (not set in",
            "at least one of card_secrets, signing_secrets and hook_secrets",
            "\"Client ID\" of your app in the LINE WORKS Developer Console",
            "\"Client Secret\"",
            "\"Service Account\"",
            "\"Private Key\"",
            "\"Domain ID\"",
        ] {
            assert!(text.contains(part), "`{part}` is not in:\n{text}");
        }
        assert_eq!(text.lines().count(), error.problems.len());
        assert_eq!(error.problems.len(), 13, "{text}");
        assert!(!text.contains("hunter2"));
    }

    #[test]
    fn a_file_that_is_not_toml_is_said_with_its_line_and_without_its_text() {
        let error = Given::file("[lineworks]\nclient_secret = hunter2hunter2\n").refuses();
        let text = error.to_string();
        assert!(text.contains("line 2: is not TOML"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains("is missing"), "{text}");
    }

    #[test]
    fn values_out_of_range_say_the_range() {
        for (section, line, says) in [
            ("converge", "workers = 1", "use 2 to 64"),
            ("converge", "workers = 65", "use 2 to 64"),
            ("pacing", "per_minute = 241", "use 1 to 240"),
            ("pacing", "burst = 241", "use 1 to 240"),
            ("server", "http_workers = 0", "use 1 to 1024"),
            ("server", "request_timeout = \"6m\"", "use 1s to 5m"),
            ("server", "shutdown_timeout = \"11m\"", "use 1s to 10m"),
            ("converge", "retry_longest = \"2d\"", "use 1s to 1d"),
            ("ledger", "keep_history = \"23h\"", "use 1d to 3650d"),
            ("lineworks", "call_timeout = \"61s\"", "use 1s to 1m"),
            ("lineworks", "call_timeout = \"500ms\"", "use 1s to 1m"),
            ("lineworks", "domain_id_x = 1", "lineworks.domain_id"),
            ("unassign", "delete_after = \"59m\"", "use 1h to"),
            ("unassign", "max_per_hour = -1", "use 0 to"),
            ("unassign", "delete_after = \"7 days\"", "is not a unit"),
            ("unassign", "policy = \"delete_now\"", "use suspend, "),
            ("unassign", "protected = \"a@b.c\"", "[\"one\", \"two\"]"),
            ("converge", "retry_first = \"1m\"\nretry_longest = \"1s\"", "retry_first"),
            ("okta", "app_id = \"00u123\"", "starts with 0oa"),
            ("log", "filter = \"loud=very\"", "is not a filter"),
            ("log", "format = \"jsno\"", "did you mean `json`?"),
            ("inbound", "hook_header = \"X Secret\"", "name of a header"),
            ("server", "tls_key = \"k.pem\"", "server.tls_certificate"),
            ("lineworks", "scope = \"user,bot\"", "spaces between"),
        ] {
            let error = Given::least_with(section, line).refuses();
            let text = error.to_string();
            assert_eq!(error.problems.len(), 1, "{line}: {text}");
            assert!(text.contains(says), "{line}: {text}");
        }
    }

    #[test]
    fn an_external_key_is_made_of_known_placeholders() {
        let with = |template: &str| Given::least_with("lineworks", &format!("external_key = '{template}'"));
        for good in ["{email}", "jp-{employeeNumber}", "{oktaUserId}.{email}"] {
            assert_eq!(with(good).loads().config.lineworks.external_key, good);
        }
        for (bad, says) in [
            ("{oktaUserID}", "did you mean `{oktaUserId}`?"),
            ("{login}", "the placeholders are"),
            ("all", "the same for everybody"),
            ("{email", "without its `}`"),
            ("{email}#1", "does not take"),
        ] {
            with(bad).refuses_with("lineworks.external_key", says);
        }
    }

    #[test]
    fn a_ledger_is_a_sqlite_file() {
        let with = |url: &str| Given::least().flag("ledger.url", url);
        for (url, path) in
            [("sqlite:x.db", "x.db"), ("sqlite:/var/x.db", "/var/x.db"), ("sqlite:///var/x.db", "/var/x.db")]
        {
            let expected = LedgerUrl::Sqlite(PathBuf::from(path));
            assert_eq!(with(url).loads().config.ledger.url, expected);
        }
        for (url, says) in [
            ("x.db", "is not the address"),
            ("sqlite:", "names no file"),
            ("sqlite://host/x.db", "names no file"),
            ("sqlite::memory:", "in memory"),
            ("postgres:x", "names no host"),
            ("postgresql://db/x", "names no user"),
            ("postgres://u@db", "names no database"),
            ("postgres://u@db/x/y", "names no database"),
            ("postgres://u@db:99999/x", "is not a URL"),
            ("postgres://u@db/x?host=/run", "the host twice"),
            ("postgres://u@db/x?sslmode=prefer", "verify-full"),
            ("postgres://u@db/x?sslmode=disable&sslrootcert=/ca.pem", "does not look at"),
            ("postgres://u@db/x?password=hunter2", "ledger.password"),
            ("postgres://u:%ff@db/x", "UTF-8"),
        ] {
            let error = with(url).refuses();
            assert!(error.to_string().contains("ledger.url") && error.to_string().contains(says), "{url}: {error}");
            assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("sslmode=prefer"), "{error}");
        }
    }

    #[test]
    fn a_ledger_is_a_postgresql_database_reached_safely() {
        let load = |url: &str| Given::least().flag("ledger.url", url).loads();
        let at = |url: &str| match load(url).config.ledger.url {
            LedgerUrl::Postgres(postgres) => postgres,
            other => panic!("{url}: {other:?}"),
        };
        let far = at("postgres://okta-lineworks@db.example.com/ledger");
        assert_eq!((far.host.as_str(), far.port, far.user.as_str()), ("db.example.com", 5432, "okta-lineworks"));
        assert_eq!((far.database.as_str(), far.encryption), ("ledger", PostgresEncryption::Checked(None)));
        for near in
            ["postgres://u@localhost:1/x", "postgresql://u@[::1]/x", "postgres:///x?host=/run/postgresql&user=u"]
        {
            assert_eq!(at(near).encryption, PostgresEncryption::None, "{near}");
        }
        assert_eq!(at("postgresql://u@[::1]:7/x").host, "::1");
        let own = at("postgres://u@db/x?sslmode=verify-full&sslrootcert=/ca.pem");
        assert_eq!(own.encryption, PostgresEncryption::Checked(Some("/ca.pem".into())));
        for (url, warned) in [("require", "pose as"), ("disable", "shows everything")] {
            let loaded = load(&format!("postgres://u@db/x?sslmode={url}"));
            assert!(loaded.warnings.iter().any(|text| text.contains(warned)), "{:?}", loaded.warnings);
        }
    }

    #[test]
    fn the_password_of_the_database_is_given_once_and_never_shown() {
        let password = |given: Given| {
            let ledger = given.loads().config.ledger;
            assert!(!format!("{ledger:?}").contains("hunter2"), "{ledger:?}");
            ledger.password.map(|password| password.expose_secret().to_owned())
        };
        let url = |url: &str| Given::least().flag("ledger.url", url);
        assert_eq!(password(url("postgres://u@db/x")), None);
        assert_eq!(password(url("postgres://u:hunter2%2F%40+@db/x")).as_deref(), Some("hunter2/@+"));
        let apart = url("postgres://u@db/x").variable("OKTA_LINEWORKS__LEDGER__PASSWORD", "hunter2");
        assert_eq!(password(apart).as_deref(), Some("hunter2"));
        let twice = url("postgres://u:hunter2@db/x").variable("OKTA_LINEWORKS__LEDGER__PASSWORD", "hunter2");
        let error = twice.refuses().to_string();
        assert!(error.contains("take it out of the URL") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn plain_http_to_another_machine_refuses() {
        let url = |url: &str| Given::least_with("lineworks", &format!("api_url = \"{url}\""));
        let config = url("http://127.0.0.1:9/").loads().config;
        assert_eq!(config.lineworks.api_url, "http://127.0.0.1:9");
        url("http://10.1.2.3").refuses_with("lineworks.api_url", "use https");
    }

    #[test]
    fn a_variable_with_single_underscores_is_a_warning_and_a_clusters_own_is_not() {
        let loaded = Given::least()
            .variable("OKTA_LINEWORKS_LEDGER_URL", "sqlite:x.db")
            .variable("OKTA_LINEWORKS_SERVICE_HOST", "10.0.0.1")
            .variable("HOME", "/root")
            .loads();
        assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
        assert!(loaded.warnings[0].contains("OKTA_LINEWORKS__LEDGER__URL"));
    }

    #[test]
    fn a_pace_line_works_does_not_take_is_a_warning() {
        let loaded = Given::least_with("pacing", "per_minute = 200").loads();
        assert!(loaded.warnings[0].contains("429"), "{:?}", loaded.warnings);
    }

    #[test]
    fn placement_without_the_scope_it_needs_is_a_warning() {
        let table = [
            ("groups = [\"name:お知らせ\"]", "placement.groups needs the scope group or directory"),
            ("managed_groups = [\"g-1\"]", "placement.managed_groups needs the scope group or directory"),
            ("create_org_units = true", "placement.create_org_units needs the scope orgunit or directory"),
        ];
        for (line, warning) in table {
            let given = |scope: &str| {
                let variable = ("OKTA_LINEWORKS__LINEWORKS__SCOPE", scope);
                Given::least_with("placement", line).variable(variable.0, variable.1).loads().warnings
            };
            let warnings = given("user group.read orgunit.read");
            assert!(warnings.len() == 1 && warnings[0].contains(warning), "{warnings:?}");
            assert_eq!(given("user group orgunit"), [] as [&str; 0], "{line}");
            assert_eq!(given("directory"), [] as [&str; 0], "{line}");
        }
    }

    #[test]
    fn the_untouched_text_of_the_example_refuses() {
        Given::least()
            .variable("OKTA_LINEWORKS__LINEWORKS__CLIENT_ID", "REPLACE_ME")
            .refuses_with("lineworks.client_id", "text of the example");
    }
}

mod secrets {
    use super::*;

    #[test]
    fn a_secret_comes_from_a_file_named_in_the_file_or_a_variable() {
        let given = Given::least();
        let path = given.secret_file("client", "from-a-file\n");
        let variable = "OKTA_LINEWORKS__LINEWORKS__CLIENT_SECRET";
        let inline = format!("{{ file = \"{}\" }}", path.display());
        for (name, value) in [(format!("{variable}__FILE"), path.display().to_string()), (variable.to_owned(), inline)]
        {
            let mut again = Given::least();
            again.sources.env.push((name, value));
            let secret = directory_of(&again.loads().config).client_secret.clone();
            assert_eq!(secret.secret.expose_secret(), "from-a-file");
        }
    }

    #[test]
    fn a_value_and_a_file_together_are_refused() {
        let both = r#"hook_secrets = [{ name = "h", value = "hook-secret-0123456789", file = "x" }]"#;
        Given::least_with("inbound", both).refuses_with("inbound.hook_secrets[1]", "never both");
        Given::least()
            .variable("OKTA_LINEWORKS__LINEWORKS__CLIENT_SECRET", "x")
            .variable("OKTA_LINEWORKS__LINEWORKS__CLIENT_SECRET__FILE", "y")
            .refuses_with("lineworks.client_secret", "never both");
    }

    #[test]
    fn an_empty_secret_and_a_missing_file_are_refused() {
        let variable = "OKTA_LINEWORKS__LINEWORKS__CLIENT_SECRET";
        Given::least().variable(variable, " ").refuses_with("lineworks.client_secret", "is empty");
        Given::least()
            .variable(&format!("{variable}__FILE"), "/no/such/file")
            .refuses_with("lineworks.client_secret", "/no/such/file cannot be read");
    }

    #[test]
    fn a_key_pasted_into_a_variable_is_repaired() {
        let pasted = PEM.replace('\n', "\\n");
        let config = Given::least().variable("OKTA_LINEWORKS__LINEWORKS__PRIVATE_KEY", &pasted).loads().config;
        assert_eq!(directory_of(&config).private_key.secret.expose_secret(), PEM);
    }

    #[test]
    fn no_secret_is_in_debug_or_in_any_problem() {
        let loaded = Given::least().loads();
        let shown = format!("{loaded:?} {:?}", Given::least().sandbox().sources);
        for secret in ["card-secret", "admin-secret", "client-secret", "TUlJ"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        let error = Given::least_with("inbound", "hook_secrets = \"hunter2\"")
            .variable("OKTA_LINEWORKS__LINEWORKS__PRIVATE_KEY", "hunter2")
            .variable("OKTA_LINEWORKS__LINEWORKS__CLIENT_SECERT", "hunter2")
            .variable("OKTA_LINEWORKS__INBOUND__CARD_SECRETS", "[hunter2")
            .variable(
                "OKTA_LINEWORKS__INBOUND__ADMIN_SECRETS",
                r#"[{name="a", value="hunter2", vlaue="hunter2"}, {name="b", value="hunter2"}, "hunter2"]"#,
            )
            .refuses();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("did you mean `value`?"), "{shown}");
    }

    #[test]
    fn short_shared_and_badly_named_secrets_are_refused() {
        let hooks = |list: &str| {
            Given::least_with("inbound", &format!("hook_secrets = [{list}]"))
                .variable("OKTA_LINEWORKS__OKTA__APP_ID", "0oa1")
        };
        let key = "inbound.hook_secrets";
        let first = "inbound.hook_secrets[1]";
        let second = "inbound.hook_secrets[2]";
        hooks(r#"{ name = "h", value = "short" }"#).refuses_with(first, "at least 16");
        hooks(r#"{ name = "H k", value = "hook-secret-0123456789" }"#).refuses_with(first, "lower-case letters");
        hooks(r#"{ name = "h", value = "hook-secret-0123456789\n" }"#).refuses_with(first, "would never match");
        hooks(r#"{ name = "h", value = "フックの秘密フックの秘密フックの秘密" }"#).refuses_with(first, "HTTP header");
        hooks(r#"{ name = "h", value = "hook-secret-0123456789" }, { name = "h", value = "hook-secret-012345678X" }"#)
            .refuses_with(second, "there twice");
        hooks(r#"{ name = "h", value = "card-secret-0123456789" }"#).refuses_with(key, "one door only");
    }

    #[test]
    fn one_misspelt_key_of_a_secret_is_one_problem() {
        let list = r#"card_secrets = [{ nmae = "a", value = "0123456789abcdef" }]"#;
        let lines = LEAST.lines().filter(|line| !line.starts_with("card_"));
        let rest = lines.collect::<Vec<_>>().join("\n");
        Given::file(&rest.replace("[inbound]", &format!("[inbound]\n{list}")))
            .refuses_with("inbound.card_secrets[1]", "did you mean `name`?");
    }

    #[test]
    fn the_hook_needs_the_app() {
        let hook = r#"hook_secrets = [{ name = "h", value = "hook-secret-0123456789" }]"#;
        Given::least_with("inbound", hook).refuses_with("okta.app_id", "0oa");
    }

    #[cfg(unix)]
    #[test]
    fn a_configuration_with_secrets_that_everybody_can_read_is_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let given = Given::least();
        let path = given.sources.file.clone().expect("named");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("mode set");
        let warnings = given.loads().warnings;
        assert!(warnings[0].contains("chmod o-rwx"), "{warnings:?}");
    }
}

mod in_the_sandbox {
    use super::*;

    #[test]
    fn whatever_is_not_configured_gets_a_stand_in() {
        let loaded = Given::file("").sandbox().loads();
        let config = loaded.config;
        for (list, secret) in [
            (&config.inbound.card_secrets, "sandbox-card"),
            (&config.inbound.signing_secrets, "sandbox-signing"),
            (&config.inbound.hook_secrets, "sandbox-hook"),
            (&config.inbound.admin_secrets, "sandbox-admin"),
        ] {
            assert_eq!(list[0].name, "sandbox");
            assert_eq!(list[0].secret.expose_secret(), secret);
        }
        assert_eq!(config.inbound.event_time, EventTime::Arrival);
        assert_eq!(config.okta.app_id.as_deref(), Some("0oaSANDBOX"));
        assert_eq!(config.lineworks.auth_url, "http://127.0.0.1:8090");
        assert_eq!(config.lineworks.api_url, "http://127.0.0.1:8090");
        assert_eq!(directory_of(&config).client_id, "sandbox-client");
        assert_eq!(config.lineworks.domains, Some(Domains::One(42)));
        assert_eq!(loaded.warnings, [] as [&str; 0]);
    }

    #[test]
    fn real_credentials_without_urls_are_set_aside_with_a_warning() {
        let loaded = Given::least().sandbox().loads();
        let lineworks = loaded.config.lineworks;
        assert_eq!(lineworks.api_url, "http://127.0.0.1:8090");
        let directory = lineworks.directory.as_ref().expect("the sandbox's");
        assert_eq!(directory.client_id, "sandbox-client");
        assert_eq!(directory.client_secret.secret.expose_secret(), "sandbox-client-secret");
        assert_eq!(lineworks.domains, Some(Domains::One(42)));
        assert!(loaded.warnings[0].contains("lineworks.private_key"));
        let card = &loaded.config.inbound.card_secrets[0];
        assert_eq!(card.name, "okta", "other secrets stay as configured");
    }

    #[test]
    fn the_fake_okta_is_asked_only_by_those_who_name_it() {
        assert!(Given::file("").sandbox().loads().config.okta.org.is_none());
        assert!(Given::file("[okta]\napp_id = \"0oa1\"").sandbox().loads().config.okta.org.is_none());
        for (named, warnings) in [("client_id", 1), ("api_token", 1), ("org_url", 0)] {
            let value = if named == "org_url" { "http://localhost:8090" } else { "sandbox" };
            let loaded = Given::file(&format!("[okta]\n{named} = \"{value}\"")).sandbox().loads();
            let org = loaded.config.okta.org.expect("an org");
            assert!(org.url.ends_with(":8090"), "{}", org.url);
            match org.access {
                OktaAccess::Token(token) => {
                    assert_eq!(named, "api_token");
                    assert_eq!(token.secret.expose_secret(), "sandbox-okta-token");
                }
                OktaAccess::ServiceApp { client_id, .. } => {
                    assert_ne!(named, "api_token");
                    assert_eq!(client_id, "sandbox-okta");
                }
            }
            assert_eq!(loaded.warnings.len(), warnings, "{:?}", loaded.warnings);
        }
    }

    #[test]
    fn a_real_org_is_never_called() {
        let real = "[okta]\norg_url = \"https://login.example.com\"\napp_id = \"0oaREAL\"\nclient_id = \"0oaCLIENT\"\n\
                    private_key = \"x\"\nkey_id = \"k\"";
        let loaded = Given::file(real).sandbox().loads();
        let org = loaded.config.okta.org.expect("an org");
        assert_eq!(org.url, "http://127.0.0.1:8090");
        assert_eq!(loaded.config.okta.app_id.as_deref(), Some("0oaSANDBOX"));
        let OktaAccess::ServiceApp { client_id, key_id, .. } = org.access else { panic!("a service app") };
        assert_eq!((client_id.as_str(), key_id), ("sandbox-okta", None));
        assert!(loaded.warnings.concat().contains("okta.org_url, okta.app_id"), "{:?}", loaded.warnings);
    }

    #[test]
    fn an_org_on_this_computer_keeps_its_credentials() {
        let own = "[okta]\norg_url = \"http://127.0.0.1:7\"\nclient_id = \"0oaCLIENT\"";
        let org = Given::file(own).sandbox().loads().config.okta.org.expect("an org");
        assert_eq!(org.url, "http://127.0.0.1:7");
        assert!(matches!(org.access, OktaAccess::ServiceApp { client_id, .. } if client_id == "0oaCLIENT"));
    }

    #[test]
    fn credentials_stay_with_urls_of_their_own() {
        let urls = "auth_url = \"http://127.0.0.1:1\"\napi_url = \"http://127.0.0.1:2\"";
        let loaded = Given::least_with("lineworks", urls).sandbox().loads();
        assert_eq!(directory_of(&loaded.config).client_id, "abc");
        assert_eq!(loaded.config.lineworks.auth_url, "http://127.0.0.1:1");
    }

    #[test]
    fn the_real_hosts_are_refused_even_if_written_out() {
        let error = Given::least_with(
            "lineworks",
            "auth_url = \"https://auth.worksmobile.com\"\napi_url = \"https://www.worksapis.com/\"",
        )
        .sandbox()
        .refuses();
        assert_eq!(error.problems.len(), 2, "{error}");
        assert!(error.to_string().contains("never calls"));
    }

    #[test]
    fn it_listens_on_loopback_only_unless_told_in_so_many_words() {
        let open = || Given::file("").sandbox().flag("server.listen", "0.0.0.0:1");
        open().refuses_with("server.listen", "server.sandbox_public = true");
        open().variable("OKTA_LINEWORKS__SERVER__SANDBOX_PUBLIC", "true").loads();
        Given::least().flag("server.listen", "0.0.0.0:1").loads();
    }

    #[test]
    fn short_times_and_short_secrets_are_fine() {
        let text = "[unassign]\ndelete_after = \"50ms\"\n[lineworks]\ncall_timeout = \"200ms\"\n[inbound]\ncard_secrets = [{ name = \"c\", value = \"x\" }]\n";
        let config = Given::file(text).sandbox().loads().config;
        assert_eq!(config.unassign.delete_after, Duration::from_millis(50));
        assert_eq!(config.lineworks.call_timeout, Duration::from_millis(200));
    }
}

mod the_broker {
    use super::*;

    const SECRETS: &str = "secrets = [{ name = \"flow\", value = \"broker-secret-0123456789\" }]";

    #[test]
    fn is_closed_without_secrets_and_needs_a_scope_with_them() {
        assert!(Given::least().loads().config.broker.is_none());
        assert!(Given::least_with("broker", "scope = \"bot\"").loads().config.broker.is_none());
        Given::least_with("broker", SECRETS).refuses_with("broker.scope", "is missing");
    }

    #[test]
    fn hands_out_no_scope_that_changes_members_unless_told_to() {
        for scope in ["user", "bot directory", "user user.read"] {
            let lines = format!("{SECRETS}\nscope = \"{scope}\"");
            Given::least_with("broker", &lines).refuses_with("broker.scope", "broker.allow_member_scopes = true");
            let lines = format!("{lines}\nallow_member_scopes = true");
            let config = Given::least_with("broker", &lines).loads().config;
            assert_eq!(config.broker.expect("open").scope, scope);
        }
        let lines = format!("{SECRETS}\nscope = \"user.read  bot\"");
        let config = Given::least_with("broker", &lines).loads().config;
        assert_eq!(config.broker.expect("open").scope, "user.read bot");
    }

    #[test]
    fn shares_no_secret_with_another_door() {
        let lines = "secrets = [{ name = \"flow\", value = \"card-secret-0123456789\" }]\nscope = \"bot\"";
        Given::least_with("broker", lines).refuses_with("broker.secrets", "opens one door only");
    }
}

mod the_service_account {
    use super::*;

    #[test]
    fn that_looks_like_a_persons_login_is_a_warning_without_the_login() {
        let file = LEAST.replace("abc.serviceaccount@example.com", "taro@example.com");
        let warnings = Given::file(&file).loads().warnings;
        assert!(warnings[0].contains("lineworks.service_account") && !warnings[0].contains("taro"), "{warnings:?}");
    }

    #[test]
    fn with_scopes_that_only_read_is_a_warning() {
        let warnings = Given::least_with("lineworks", "scope = \"user.read\"").loads().warnings;
        assert!(warnings[0].contains("Free plan"), "{warnings:?}");
    }
}

mod okta {
    use super::*;

    const URL: &str = "app_id = \"0oa1\"\norg_url = \"https://example.okta.com\"";

    /// [`LEAST`] with an org and these lines.
    fn org(lines: &str) -> Given {
        Given::least_with("okta", &format!("{URL}\n{lines}"))
    }

    fn key() -> String {
        format!("private_key = {PEM:?}")
    }

    fn loaded(lines: &str) -> OktaOrg {
        org(lines).loads().config.okta.org.expect("an org")
    }

    #[test]
    fn a_service_app_has_scopes_and_catches_up_by_default() {
        let org = loaded(&format!("client_id = \" 0oaService \"\n{}", key()));
        assert_eq!(org.url, "https://example.okta.com");
        assert_eq!(org.call_timeout, Duration::from_secs(10));
        let times = CatchUp { every: Duration::from_secs(300), overlap: Duration::from_secs(900) };
        assert_eq!(org.catch_up, Some(times));
        let OktaAccess::ServiceApp { client_id, private_key, key_id, scope } = org.access else { panic!("no app") };
        assert_eq!((client_id.as_str(), key_id), ("0oaService", None));
        assert_eq!(private_key.secret.expose_secret(), PEM);
        assert_eq!(scope, "okta.apps.read okta.users.read okta.logs.read");
    }

    #[test]
    fn an_api_token_is_the_other_way_in_and_catching_up_can_be_off() {
        let org = loaded("api_token = \" 00abc-token \"\ncatch_up = false");
        assert_eq!(org.catch_up, None);
        let OktaAccess::Token(token) = org.access else { panic!("no token") };
        assert_eq!(token.secret.expose_secret(), "00abc-token");
    }

    #[test]
    fn one_way_in_is_needed_and_not_two() {
        let both = format!("client_id = \"0oaService\"\n{}\napi_token = \"00abc\"", key());
        org(&both).refuses_with("okta.api_token", "keep one of the two");
        org("client_id = \"0oaService\"").refuses_with("okta.private_key", "okta.api_token instead");
        org(&key()).refuses_with("okta.client_id", "API service app");
        let none: Vec<_> = org("").refuses().problems.into_iter().map(|problem| problem.key).collect();
        assert_eq!(none, ["okta.client_id", "okta.private_key"]);
    }

    #[test]
    fn credentials_without_an_org_or_an_app_are_incomplete() {
        Given::least_with("okta", "app_id = \"0oa1\"\napi_token = \"00abc\"")
            .refuses_with("okta.org_url", "without -admin");
        Given::least_with("okta", "org_url = \"https://example.okta.com\"\napi_token = \"00abc\"")
            .refuses_with("okta.app_id", "0oa");
    }

    #[test]
    fn the_org_is_the_one_its_people_see_over_https() {
        for (url, says) in [
            ("https://example-admin.okta.com", "without -admin"),
            ("https://example-admin.oktapreview.com/", "without -admin"),
            ("http://example.okta.com", "use https"),
            ("example.okta.com", "is not an address"),
            ("example.okta.com", "https://example.okta.com"),
            ("https://example.okta.com/oauth2/default", "has a path"),
            ("https://user:pass@example.okta.com", "user name or password"),
        ] {
            let lines = format!("app_id = \"0oa1\"\norg_url = \"{url}\"\napi_token = \"00abc\"");
            Given::least_with("okta", &lines).refuses_with("okta.org_url", says);
        }
    }

    #[test]
    fn the_service_app_is_another_app_than_line_works() {
        org(&format!("client_id = \"0oa1\"\n{}", key())).refuses_with("okta.client_id", "API service app");
    }

    #[test]
    fn a_key_that_is_none_says_what_it_is() {
        for (key, says) in [
            (r#"'{"kty":"EC","crv":"P-256","x":"eA","y":"eQ"}'"#, "is a public key"),
            (r#"'-----BEGIN PUBLIC KEY-----'"#, "is a public key"),
            (r#""00abc""#, "neither a PEM"),
        ] {
            org(&format!("client_id = \"0oaService\"\nprivate_key = {key}")).refuses_with("okta.private_key", says);
        }
    }

    #[test]
    fn times_have_limits() {
        for (line, says) in [
            ("call_timeout = \"61s\"", "use 1s to 1m"),
            ("catch_up_every = \"9s\"", "use 10s to 1d"),
            ("catch_up_overlap = \"59s\"", "use 1m to 7d"),
        ] {
            let key = line.split(' ').next().unwrap_or_default();
            org(&format!("api_token = \"00abc\"\n{line}")).refuses_with(&format!("okta.{key}"), says);
        }
    }

    #[test]
    fn templates_are_a_table_of_texts_in_the_file_and_in_a_variable() {
        let templates = "mapping = { nickName = \"{{ user.nickName }}\", \"userName.lastName\" = \"\" }";
        let mapping = Given::least_with("okta", templates).loads().config.okta.mapping;
        assert_eq!(mapping.get("nickName").map(String::as_str), Some("{{ user.nickName }}"));
        assert_eq!(mapping.get("userName.lastName").map(String::as_str), Some(""));
        let of_variable = Given::least().variable("OKTA_LINEWORKS__OKTA__MAPPING", r#"{ nickName = "x" }"#).loads();
        assert_eq!(of_variable.config.okta.mapping.len(), 1);
        Given::least_with("okta", "mapping = { nickName = 7 }").refuses_with("okta.mapping", "");
        Given::least_with("okta", "mapping = \"nickName\"").refuses_with("okta.mapping", "");
    }
}

mod the_example_file {
    use super::*;

    const EXAMPLE: &str = include_str!("../../okta-lineworks.example.toml");

    /// The example with every commented key uncommented, and secrets in that directory.
    fn uncommented(directory: &Path) -> String {
        let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest,
            _ => line,
        });
        let secrets = format!("{}/", directory.display());
        lines
            .collect::<Vec<_>>()
            .join("\n")
            .replace("/etc/okta-lineworks/secrets/", &secrets)
            .replace("service_account = \"REPLACE_ME\"", "service_account = \"abc12.serviceaccount@example.com\"")
            .replace("REPLACE_ME", "filled-in")
            .replace("domain_id = 0", "domain_id = 10000001")
            // One of the two: either everybody's domain, or one for each e-mail domain.
            .replace("\ndomains = ", "\n#domains = ")
            // One of the two ways into Okta.
            .replace("\napi_token = ", "\n#api_token = ")
    }

    #[test]
    fn loads_as_a_whole_once_it_is_filled_in() {
        let mut given = Given::file("");
        for name in [
            "card",
            "signing",
            "hook",
            "admin",
            "client-secret",
            "other-client-secret",
            "scim-token",
            "broker",
            "ledger-password",
        ] {
            given.secret_file(name, &format!("{name}-0123456789abcdef\n"));
        }
        given.secret_file("private-key.pem", PEM);
        given.secret_file("other-private-key.pem", PEM);
        given.secret_file("okta-key.pem", PEM);
        let text = uncommented(given.directory.path());
        given.sources.file = Some(given.secret_file("filled-in.toml", &text));
        let loaded = given.loads();
        assert_eq!(loaded.warnings, [] as [&str; 0]);
    }

    #[test]
    fn as_it_is_says_what_to_fill_in() {
        let text = Given::file(EXAMPLE).refuses().to_string();
        for key in ["client_id", "service_account", "domain_id", "private_key"] {
            assert!(text.contains(&format!("lineworks.{key}")), "{text}");
        }
    }

    #[test]
    fn names_every_key_in_order_with_its_true_default() {
        let mut section = "";
        let mut found = Vec::new();
        for line in EXAMPLE.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                section = name;
            }
            let commented = line.starts_with('#');
            let line = line.strip_prefix('#').unwrap_or(line);
            let Some((name, value)) = line.split_once(" = ") else {
                continue;
            };
            let dotted = format!("{section}.{name}");
            let Some(key) = raw::key(&dotted) else {
                assert!(line.starts_with([' ', '{']), "{dotted} is not a known key");
                continue;
            };
            if let Some(default) = key.default {
                assert!(commented, "{dotted} is a default, so it is commented out");
                assert_eq!(value, default, "the default of {dotted}");
            }
            found.push(key.dotted);
        }
        let known: Vec<_> = KEYS.iter().map(|key| key.dotted).collect();
        assert_eq!(found, known);
    }

    #[test]
    fn never_holds_a_secret_itself() {
        for key in KEYS.iter().filter(|key| key.kind == Kind::Secret) {
            let value = format!("\n{} = \"", key.name);
            assert!(!EXAMPLE.contains(&value), "{}", key.dotted);
        }
        assert!(!EXAMPLE.contains("value = \""));
    }
}
