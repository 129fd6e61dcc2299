-- Events that name nobody, such as a token that was handed out: few among many, and listed newest first.
CREATE INDEX events_of_nobody ON events (id) WHERE okta_user_id IS NULL;
