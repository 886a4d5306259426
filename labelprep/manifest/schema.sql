-- The manifest, version 3. Rules that the tables cannot say:
-- statements and annotations are never updated, they are removed by a later command;
-- label, labels, label_source and conflict of an image are what its live statements resolve to;
-- near_pair holds the pairs that a second look found to be the same; all pairs of contents in near_search that
-- are not there are known to be different;
-- audit holds what the last audit found of each image it judged; given is image.labels as it was then.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE command (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,
    author TEXT,
    at TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 1,
    pruned INTEGER NOT NULL DEFAULT 0,
    undoes INTEGER REFERENCES command (number),
    undone_by INTEGER REFERENCES command (number)
) STRICT;

CREATE TABLE change (
    command INTEGER NOT NULL REFERENCES command (number),
    "table" TEXT NOT NULL,
    row TEXT NOT NULL,
    "column" TEXT NOT NULL,
    old,
    new
);
CREATE INDEX change_command ON change (command);
CREATE INDEX change_row ON change ("table", row);

CREATE TABLE image (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    path_bytes BLOB,
    status TEXT NOT NULL
        CHECK (status IN ('ok', 'damaged', 'corrupt', 'unsupported', 'too_large', 'missing', 'excluded')),
    problem TEXT,
    notes TEXT,
    format TEXT,
    mode TEXT,
    channels INTEGER,
    frames INTEGER,
    width_px INTEGER,
    height_px INTEGER,
    exif_orientation INTEGER,
    size_bytes INTEGER,
    mtime_ns INTEGER,
    sha256 BLOB,
    fingerprint BLOB,
    brightness REAL,
    sharpness REAL,
    decoder_version INTEGER,
    own_proxy INTEGER NOT NULL DEFAULT 0,
    split TEXT CHECK (split IN ('train', 'val', 'test')),
    split_source TEXT CHECK (split_source IN ('folder', 'column', 'split', 'person')),
    split_locked INTEGER NOT NULL DEFAULT 0,
    group_key TEXT,
    label TEXT,
    labels TEXT NOT NULL DEFAULT '[]',
    label_source TEXT,
    conflict INTEGER NOT NULL DEFAULT 0,
    added_by INTEGER NOT NULL REFERENCES command (number),
    changed_by INTEGER REFERENCES command (number),
    low REAL,
    high REAL,
    contrast REAL,
    flatness REAL,
    focus REAL,
    camera TEXT,
    taken_at TEXT,
    pixel_sha256 BLOB
) STRICT;
CREATE UNIQUE INDEX image_path ON image (path, ifnull(path_bytes, x''));
CREATE INDEX image_sha256 ON image (sha256);
CREATE INDEX image_label ON image (label, split);
CREATE INDEX image_status ON image (status);
CREATE INDEX image_conflict ON image (conflict) WHERE conflict;

CREATE TABLE skipped (
    path TEXT NOT NULL,
    path_bytes BLOB,
    reason TEXT NOT NULL,
    format TEXT,
    size_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX skipped_path ON skipped (path, ifnull(path_bytes, x''));

CREATE TABLE class (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    aliases TEXT NOT NULL DEFAULT '[]',
    retired INTEGER NOT NULL DEFAULT 0,
    merged_into INTEGER REFERENCES class (id),
    added_by INTEGER NOT NULL REFERENCES command (number),
    removed_by INTEGER REFERENCES command (number)
) STRICT;

CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    location TEXT NOT NULL,
    sha256 TEXT,
    encoding TEXT,
    options TEXT NOT NULL DEFAULT '{}',
    rows INTEGER NOT NULL DEFAULT 0,
    matched INTEGER NOT NULL DEFAULT 0,
    unmatched INTEGER NOT NULL DEFAULT 0,
    rank INTEGER NOT NULL,
    UNIQUE (kind, location)
) STRICT;

CREATE TABLE statement (
    id INTEGER PRIMARY KEY,
    image_id INTEGER NOT NULL REFERENCES image (id),
    source_id INTEGER NOT NULL REFERENCES source (id),
    locator TEXT NOT NULL,
    confidence REAL,
    author TEXT,
    added_by INTEGER NOT NULL REFERENCES command (number),
    removed_by INTEGER REFERENCES command (number)
) STRICT;
CREATE INDEX statement_image ON statement (image_id);
CREATE INDEX statement_added ON statement (added_by);
CREATE INDEX statement_removed ON statement (removed_by) WHERE removed_by IS NOT NULL;

CREATE TABLE annotation (
    id INTEGER PRIMARY KEY,
    statement_id INTEGER NOT NULL REFERENCES statement (id),
    kind TEXT NOT NULL
        CHECK (kind IN ('class', 'box', 'rotated_box', 'polygon', 'polyline', 'points', 'circle', 'mask')),
    class_id INTEGER REFERENCES class (id),
    geometry TEXT,
    attributes TEXT,
    locator TEXT,
    confidence REAL
) STRICT;
CREATE INDEX annotation_statement ON annotation (statement_id);
CREATE INDEX annotation_class ON annotation (class_id);

CREATE TABLE proxy (
    sha256 BLOB NOT NULL,
    decoder_version INTEGER NOT NULL,
    proxy_size INTEGER NOT NULL,
    pack TEXT NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    PRIMARY KEY (sha256, decoder_version, proxy_size)
) STRICT, WITHOUT ROWID;

CREATE TABLE array (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL UNIQUE,
    height_px INTEGER NOT NULL,
    width_px INTEGER NOT NULL,
    channels INTEGER NOT NULL,
    fit TEXT NOT NULL,
    decoder_version INTEGER NOT NULL,
    proxy_size INTEGER NOT NULL,
    next_row INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE array_row (
    array INTEGER NOT NULL REFERENCES array (id),
    sha256 BLOB NOT NULL,
    row INTEGER NOT NULL,
    PRIMARY KEY (array, sha256)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX array_row_row ON array_row (array, row);

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

CREATE TABLE audit (
    image_id INTEGER PRIMARY KEY REFERENCES image (id),
    given TEXT NOT NULL,
    predicted TEXT NOT NULL,
    score REAL NOT NULL,
    margin REAL NOT NULL,
    flagged INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_flagged ON audit (score) WHERE flagged;

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

CREATE VIEW manifest AS
SELECT
    id, path, label, labels, split, status, problem, format, mode, frames, width_px, height_px,
    exif_orientation, size_bytes, lower(hex(sha256)) AS sha256, brightness, sharpness,
    label_source, conflict, split_locked, group_key
FROM image;
