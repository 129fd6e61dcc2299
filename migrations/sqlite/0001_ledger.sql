-- The ledger: one row per person, the events that made it, the runs that applied it.
-- Moments are Unix milliseconds. A shipped migration never changes; the next change is the next file.

CREATE TABLE assignments (
    okta_user_id        TEXT PRIMARY KEY,
    -- the three facts, each with the moment it occurred and the door it came through
    membership          TEXT CHECK (membership IN ('assigned', 'unassigned')),
    membership_policy   TEXT CHECK (membership_policy IN ('suspend', 'suspend_then_delete', 'delete')),
    membership_at       INTEGER,
    membership_source   TEXT,
    status              TEXT CHECK (status IN ('active', 'suspended', 'deactivated')),
    status_at           INTEGER,
    status_source       TEXT,
    profile             TEXT,               -- JSON: {"valid": {…}} or {"refused": [field errors]}
    profile_weight      INTEGER NOT NULL DEFAULT 0,
    profile_at          INTEGER,
    profile_source      TEXT,
    login               TEXT,               -- the profile's e-mail, for looking people up
    -- every accepted event raises the revision
    revision            INTEGER NOT NULL,
    applied_revision    INTEGER NOT NULL DEFAULT 0,
    -- the member, and our own doing with it
    member_id           TEXT,
    external_key        TEXT,
    suspend_intent_at   INTEGER,
    suspend_confirmed   INTEGER NOT NULL DEFAULT 0,
    delete_intent_at    INTEGER,
    delete_confirmed    INTEGER NOT NULL DEFAULT 0,
    unassigned_seen_at  INTEGER,
    unclear_until       INTEGER,            -- a call without a clear outcome may have its effect until then
    -- the work
    state               TEXT NOT NULL CHECK (state IN ('settled', 'due', 'running', 'waiting', 'held', 'parked')),
    next_at             INTEGER,            -- from when a worker may take the row; NULL: not by itself
    leaving             INTEGER NOT NULL,   -- leavers go before joiners
    reason              TEXT,               -- JSON: cause, detail, fields
    held_steps          TEXT,               -- JSON: the steps that wait for approval
    ruling              TEXT,               -- JSON: an operator's word, in force for ruling_revision only
    ruling_revision     INTEGER,
    failures            INTEGER NOT NULL DEFAULT 0,
    lease_owner         TEXT,
    lease_number        INTEGER NOT NULL DEFAULT 0,
    lease_until         INTEGER,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL
) STRICT;

CREATE INDEX assignments_next ON assignments (leaving, next_at) WHERE next_at IS NOT NULL;
-- Those somebody may look for by state; the many settled ones are left out.
CREATE INDEX assignments_unsettled ON assignments (state, okta_user_id) WHERE state IN ('waiting', 'held', 'parked');
CREATE UNIQUE INDEX assignments_member_id ON assignments (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX assignments_external_key ON assignments (external_key) WHERE external_key IS NOT NULL;

CREATE TABLE events (
    id              INTEGER PRIMARY KEY,
    okta_user_id    TEXT,                   -- NULL: the event names nobody
    kind            TEXT NOT NULL,
    event_key       TEXT,
    source          TEXT NOT NULL,
    caller          TEXT NOT NULL,
    occurred_at     INTEGER NOT NULL,
    arrived_at      INTEGER NOT NULL,
    verdict         TEXT NOT NULL,
    revision        INTEGER,
    profile_weight  INTEGER NOT NULL DEFAULT 0,
    times_seen      INTEGER NOT NULL DEFAULT 1,
    note            TEXT
) STRICT;

-- The same key for the same person and kind is the same event. An event that was ignored is judged anew.
CREATE UNIQUE INDEX events_key ON events (okta_user_id, kind, event_key) WHERE verdict <> 'ignored';
CREATE INDEX events_ignored ON events (okta_user_id, event_key) WHERE verdict = 'ignored';

CREATE TABLE attempts (
    id              INTEGER PRIMARY KEY,
    okta_user_id    TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    lease_number    INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    ended_at        INTEGER NOT NULL,
    state           TEXT NOT NULL,
    reason          TEXT,
    steps           TEXT NOT NULL,          -- JSON
    calls           TEXT NOT NULL           -- JSON: operation, status, code, duration
) STRICT;

CREATE INDEX attempts_person ON attempts (okta_user_id, id);

-- Every suspension and deletion that was let through, once per revision: the hourly cap counts these.
CREATE TABLE destructive_steps (
    okta_user_id    TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    step            TEXT NOT NULL,
    at              INTEGER NOT NULL,
    PRIMARY KEY (okta_user_id, revision, step)
) STRICT, WITHOUT ROWID;

CREATE INDEX destructive_steps_at ON destructive_steps (at);

-- One bucket per LINE WORKS operation.
CREATE TABLE pacing (
    operation       TEXT PRIMARY KEY,
    tokens          REAL NOT NULL,
    filled_at       INTEGER NOT NULL,
    paused_until    INTEGER
) STRICT;

-- The sealed access token, and whatever else there is one of.
CREATE TABLE singletons (
    name            TEXT PRIMARY KEY,
    value           BLOB NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
