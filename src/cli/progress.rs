//! How far a long command is: a bar on a terminal, a line every few seconds elsewhere. Both on standard error.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The time between two lines where there is no terminal.
const QUIET: Duration = Duration::from_secs(5);

/// Shows how far it is.
pub(super) struct Shown {
    bar: Option<ProgressBar>,
    said: Option<Instant>,
}

impl Shown {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
            let look = "{spinner} {msg} [{bar:30}] {human_pos} of {human_len}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(look) {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, said: None }
    }

    /// This many of so many are done of what `what` says.
    pub(super) fn at(&mut self, what: &str, done: u64, of: u64) {
        if let Some(bar) = &self.bar {
            if bar.message() != what {
                bar.set_message(what.to_owned());
                bar.reset();
            }
            bar.set_length(of.max(1));
            bar.set_position(done);
        } else if self.said.is_none_or(|at| at.elapsed() >= QUIET) {
            self.said = Some(Instant::now());
            eprintln!("{what}: {done} of {of}");
        }
    }

    /// Makes room for what is printed next.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
