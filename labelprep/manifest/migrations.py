"""What brings a manifest of an older schema up to date, by the version it starts from."""

from __future__ import annotations

from typing import Final

MIGRATIONS: Final[dict[int, str]] = {
    1: """
ALTER TABLE image ADD COLUMN low REAL;
ALTER TABLE image ADD COLUMN high REAL;
ALTER TABLE image ADD COLUMN contrast REAL;
ALTER TABLE image ADD COLUMN flatness REAL;
ALTER TABLE image ADD COLUMN focus REAL;
ALTER TABLE image ADD COLUMN camera TEXT;
ALTER TABLE image ADD COLUMN taken_at TEXT;
ALTER TABLE image ADD COLUMN pixel_sha256 BLOB;
CREATE TABLE issue (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('error', 'warning', 'note')),
    image_id INTEGER,
    "where" TEXT NOT NULL,
    problem TEXT NOT NULL,
    fix TEXT NOT NULL
) STRICT;
CREATE INDEX issue_code ON issue (code);
CREATE INDEX issue_image ON issue (image_id) WHERE image_id IS NOT NULL;
CREATE TABLE near_pair (
    left_sha256 BLOB NOT NULL,
    right_sha256 BLOB NOT NULL,
    level INTEGER NOT NULL,
    version INTEGER NOT NULL,
    distance INTEGER NOT NULL,
    likeness REAL NOT NULL,
    PRIMARY KEY (left_sha256, right_sha256, level, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE near_search (
    sha256 BLOB NOT NULL,
    level INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (sha256, level, version)
) STRICT, WITHOUT ROWID;
""",
    2: """
CREATE TABLE audit (
    image_id INTEGER PRIMARY KEY REFERENCES image (id),
    given TEXT NOT NULL,
    predicted TEXT NOT NULL,
    score REAL NOT NULL,
    margin REAL NOT NULL,
    flagged INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_flagged ON audit (score) WHERE flagged;
""",
}
"""Each ends with what schema.sql of the next version makes; the next scan fills columns that are new."""
