//! The LINE WORKS client against a scripted counterpart over real HTTP: one token for all, and every answer taken
//! for what it is.

mod both;
pub mod counterpart;
mod directory;
mod places;
mod rotation;
mod scim;
mod token;
