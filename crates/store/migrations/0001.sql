-- What a node keeps for good. Every row that carries content carries a checksum of all its columns,
-- so that one flipped bit is found when the row is read.

CREATE TABLE meta (
    row INTEGER PRIMARY KEY CHECK (row = 1),
    federation BLOB NOT NULL CHECK (length(federation) = 32),
    clean INTEGER NOT NULL CHECK (clean IN (0, 1)),
    next_position INTEGER NOT NULL CHECK (next_position > 0)
) STRICT;

CREATE TABLE entries (
    position INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    received_ms INTEGER NOT NULL CHECK (received_ms >= 0),
    checksum BLOB NOT NULL CHECK (length(checksum) = 16),
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE chunks (
    row INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    checksum BLOB NOT NULL CHECK (length(checksum) = 16),
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE local (
    row INTEGER PRIMARY KEY,
    area TEXT NOT NULL,
    key BLOB NOT NULL,
    checksum BLOB NOT NULL CHECK (length(checksum) = 16),
    value BLOB NOT NULL,
    UNIQUE (area, key)
) STRICT;
