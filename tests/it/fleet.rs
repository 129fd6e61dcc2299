//! What replicas on one PostgreSQL database share, with two or three real services before one strict sandbox.

mod duties;
mod passwords;
mod pauses;
mod token;
