-- The LINE WORKS groups a member was put into, and members that went on to another Okta user.

-- JSON: the groups this program put the member into, as they are named in the configuration or the profile.
ALTER TABLE assignments ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';
-- The Okta user who took the member of this leaver over: nothing of it is this row's any more.
ALTER TABLE assignments ADD COLUMN yielded_to TEXT COLLATE "C";

-- Members we deleted, which LINE WORKS may hide: found by their login when somebody comes back.
CREATE INDEX assignments_deleted ON assignments (login) WHERE delete_intent_at IS NOT NULL AND member_id IS NOT NULL;
