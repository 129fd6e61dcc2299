//! What the READMEs show is what happens: every example marked `<!-- run -->` is run against the real program.
//!
//! The blocks run in their order with `bash -euo pipefail`, each in a shell of its own, against `serve --sandbox` on
//! free ports. Each line of the block marked `<!-- expect -->` that follows must be contained in what was printed;
//! neither their order nor white space counts. An example that needs a configuration has it in a block marked
//! `<!-- with -->` before it, and runs against a program of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_okta-lineworks");
const RUN: &str = "<!-- run -->";
const EXPECT: &str = "<!-- expect -->";
const WITH: &str = "<!-- with -->";

#[test]
fn every_example_of_the_readme_works() {
    run_all("README.md");
}

#[test]
fn every_example_of_the_japanese_readme_works() {
    run_all("README.ja.md");
}

#[test]
fn every_example_of_the_sandbox_page_works() {
    run_all("docs/sandbox.md");
}

#[test]
fn both_readmes_have_the_same_examples() {
    let (english, japanese) = (examples("README.md"), examples("README.ja.md"));
    assert!(english.len() >= 13, "only {} examples", english.len());
    assert_eq!(english, japanese);
}

/// Commands and what they print.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    /// The configuration it needs; empty for none.
    settings: String,
    commands: String,
    expected: Vec<String>,
}

fn examples(document: &str) -> Vec<Example> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(path).expect("the document is there");
    let pieces: Vec<&str> = text.split(RUN).collect();
    let examples = pieces.windows(2).map(|pair| {
        let settings = pair[0].rsplit_once(WITH).map_or("", |(_, block)| fenced(block).0);
        let (commands, rest) = fenced(pair[1]);
        let (_, expected) = rest.split_once(EXPECT).unwrap_or_else(|| panic!("nothing expected of: {commands}"));
        let lines = fenced(expected).0.lines().map(|line| line.trim().trim_end_matches(',').to_owned());
        let expected = lines.filter(|line| !["", "{", "}", "…"].contains(&line.as_str())).collect();
        Example { settings: settings.to_owned(), commands: commands.to_owned(), expected }
    });
    examples.collect()
}

/// What is in the first fenced block, and what comes after it.
fn fenced(text: &str) -> (&str, &str) {
    let (_, opened) = text.split_once("```").expect("a fenced block");
    let (_, inside) = opened.split_once('\n').expect("a line break after the fence");
    inside.split_once("\n```").expect("the end of the block")
}

fn run_all(document: &str) {
    let mut programs: Vec<(String, Running)> = Vec::new();
    for example in examples(document) {
        if programs.iter().all(|(settings, _)| *settings != example.settings) {
            programs.push((example.settings.clone(), Running::start(&example.settings)));
        }
        let (_, program) = programs.iter().find(|(settings, _)| *settings == example.settings).expect("started above");
        let printed = program.run(&example.commands);
        let compact = without_space(&printed);
        for line in &example.expected {
            let found = compact.contains(&without_space(line));
            assert!(found, "{document}: `{line}` is not in what this printed:\n{}\n→ {printed}", example.commands);
        }
    }
}

fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The program in sandbox mode, in a folder of its own.
struct Running {
    child: Child,
    folder: TempDir,
    service: String,
    sandbox: String,
}

impl Running {
    fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if !settings.is_empty() {
            std::fs::write(folder.path().join("okta-lineworks.toml"), settings).expect("the folder is ours");
        }
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--sandbox", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (tell, told) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        // Read to its end, so that the program never waits for room in the pipe.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test may know enough already.
                let _ = tell.send(line);
            }
        });
        let mut running = Self { child, folder, service: String::new(), sandbox: String::new() };
        while running.service.is_empty() {
            let line = told.recv_timeout(Duration::from_secs(30)).expect("the program says where it serves");
            if let Some((_, rest)) = line.split_once("the fake LINE WORKS is at http://") {
                running.sandbox = rest.split(',').next().unwrap_or_default().to_owned();
            }
            if let Some((_, address)) = line.split_once("serving address=") {
                running.service = address.trim().to_owned();
            }
        }
        running
    }

    /// What these commands print; they must succeed.
    fn run(&self, commands: &str) -> String {
        let commands = commands.replace("127.0.0.1:8080", &self.service).replace("127.0.0.1:8090", &self.sandbox);
        let programs = Path::new(PROGRAM).parent().expect("the program is in a folder").display().to_string();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &commands])
            .current_dir(self.folder.path())
            .env("PATH", format!("{programs}:{}", path.to_string_lossy()))
            .env("OKTA_LINEWORKS__SERVER__LISTEN", &self.service)
            .stdin(Stdio::null())
            .output()
            .expect("bash runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {commands}\n{printed}\n{complaints}", output.status);
        printed
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended by itself if this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
