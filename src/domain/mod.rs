//! The business itself: pure values and decisions.
//!
//! Nothing here does I/O, reads a clock or knows HTTP, SQL or a vendor's client, and nothing here imports another
//! module of this crate. What a module of the domain hands out has been checked once and stays right.

pub mod profile;
