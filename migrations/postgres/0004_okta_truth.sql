-- What Okta says when it is asked, former logins, and duties that one process has at a time.

-- JSON, as profile: made of Okta's own attributes and what calls carried, when Okta was last read. Stands above profile.
ALTER TABLE assignments ADD COLUMN okta_profile TEXT;
ALTER TABLE assignments ADD COLUMN okta_read_at BIGINT;
-- JSON: logins the person had while a create without a clear answer may have made a member under one of them.
ALTER TABLE assignments ADD COLUMN former_logins TEXT NOT NULL DEFAULT '[]';

-- What only one process does at a time, such as reading Okta's System Log: whoever holds it, and until when.
CREATE TABLE duties (
    name            TEXT COLLATE "C" PRIMARY KEY,
    holder          TEXT NOT NULL,
    until           BIGINT NOT NULL
);
