//! Keeps LINE WORKS accounts in step with Okta app assignments.
//!
//! The way of an event, and where each step lives:
//!
//! ```text
//!  Workflows card ──┐  inbound            ledger                 converge              lineworks
//!  Okta event hook ─┴► caller ► parse ─► accept (one fsync) ─► claim ► plan ► gate ─► Directory API
//!                          │                 │                      │ (domain)            │
//!                        401/422            2xx              settle ◄── read again ◄──────┘
//! ```
//!
//! `app` puts the parts together and is the only one that sees the configuration; `cli` is the command line over
//! it; `sandbox` is a fake LINE WORKS for rehearsals and tests. Imports point one way:
//! `cli → app → {inbound, converge, reconcile, okta, sandbox} → handover → {ledger, lineworks} → domain`.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod converge;
pub mod domain;
pub mod flows;
pub mod handover;
pub mod inbound;
pub mod ledger;
pub mod lineworks;
pub mod metrics;
pub mod okta;
pub mod reconcile;
pub mod sandbox;
pub mod shutdown;
pub mod telemetry;
