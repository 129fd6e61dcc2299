//! What goes wrong, done.

use reqwest::Method;
use serde_json::{Value, json};

use super::schedule::Deed;
use super::world::World;
use crate::support::cluster::Stop;

impl World {
    pub(super) async fn do_it(&self, deed: Deed) {
        let begin = self.now();
        let is_of_processes =
            !matches!(deed, Deed::Fault(_) | Deed::Latency(_) | Deed::KillTokens | Deed::TimeGoesBy(_));
        self.do_now(deed).await;
        if is_of_processes {
            self.was_disturbed(begin);
        }
    }

    async fn do_now(&self, deed: Deed) {
        match deed {
            Deed::Kill { replica, down, again } => self.kill(replica, down, again).await,
            Deed::Pause { replica, length } => self.pause(replica, length).await,
            Deed::Restart { how, down } => self.restart_the_database(how, down).await,
            Deed::EndSessions => {
                if let Some(database) = &*self.database.lock().await {
                    self.count_more("sessions ended", database.cut_connections().unsigned_abs());
                }
            }
            Deed::Cut { replica } => {
                if let Some(door) = &self.replicas[replica].door {
                    door.cut();
                    self.count("networks cut");
                }
            }
            Deed::Hold { replica, length } => {
                if let Some(door) = &self.replicas[replica].door {
                    door.hold(true);
                    tokio::time::sleep(length).await;
                    door.hold(false);
                    self.count("networks that swallowed");
                }
            }
            Deed::Fault(fault) => {
                if fault["kind"] == "unauthorized" {
                    self.count_more("401 to good tokens", fault["times"].as_u64().expect("a number"));
                }
                self.expect(Method::POST, "faults", fault).await;
                self.count("faults of LINE WORKS");
            }
            Deed::Latency(latency) => {
                self.expect(Method::PATCH, "switches", json!({ "latencyMs": latency })).await;
            }
            Deed::KillTokens => {
                self.expect(Method::POST, "tokens/kill", Value::Null).await;
                self.count("tokens killed");
            }
            Deed::TimeGoesBy(seconds) => self.time_goes_by(seconds),
        }
    }

    async fn restart_the_database(&self, how: Stop, down: std::time::Duration) {
        let guard = self.database.lock().await;
        let Some(cluster) = &self.cluster else { return };
        // Its programs are waited for; nothing else of this thread has to go on meanwhile.
        tokio::task::block_in_place(|| cluster.stop(how));
        tokio::time::sleep(down).await;
        tokio::task::block_in_place(|| cluster.start());
        self.count(match how {
            Stop::Fast => "PostgreSQL restarted",
            Stop::Immediate => "PostgreSQL restarted at once",
            Stop::Kill => "PostgreSQL killed",
        });
        drop(guard);
    }
}
