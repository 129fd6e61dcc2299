//! The business itself, pure: what happened (events), what is wanted (assignments), what LINE WORKS has
//! (members), and what to do about the difference (the plan).
//!
//! Nothing here reads a clock, a network or a disk, and nothing here imports another module of ours.

pub mod assignment;
pub mod domains;
pub mod event;
pub mod heads;
pub mod ids;
pub mod key;
pub mod learnt;
pub mod marks;
pub mod member;
pub mod membership;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod profile;
pub mod reference;
pub mod step;
