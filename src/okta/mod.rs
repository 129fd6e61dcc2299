//! Okta as this program sees it: for now, the shape of its event hook deliveries.

pub mod wire;
