-- JSON: what Okta said each time it was asked in this run, in words.
ALTER TABLE attempts ADD COLUMN okta TEXT NOT NULL DEFAULT '[]';
