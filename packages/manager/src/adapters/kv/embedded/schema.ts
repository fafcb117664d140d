/** Marks a SQLite file as Tessera's ("TESS"), so that another program's is never written to. */
export const APPLICATION_ID = 0x54455353;
/** Grows with every change to the tables; a file of a newer version is refused. */
export const SCHEMA_VERSION = 1;

/**
 * `versions` holds every version of every key. `superseded` is the revision at which a version ceased to be the newest:
 * NULL while it is current; a tombstone (value NULL) carries its own revision. So the state at revision R is all
 * versions with `revision <= R` that were not superseded at or before R, and what happened since R is all versions with
 * `revision >= R`.
 */
export const SCHEMA = `
CREATE TABLE versions (
  revision INTEGER NOT NULL,
  place INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT,
  create_revision INTEGER NOT NULL,
  version INTEGER NOT NULL,
  lease_id INTEGER,
  superseded INTEGER,
  PRIMARY KEY (revision, place)
);
CREATE UNIQUE INDEX versions_current ON versions (key) WHERE superseded IS NULL;
CREATE INDEX versions_by_key ON versions (key, revision);
CREATE INDEX versions_superseded ON versions (superseded) WHERE superseded IS NOT NULL;
CREATE INDEX versions_by_lease ON versions (lease_id) WHERE lease_id IS NOT NULL AND superseded IS NULL;
CREATE TABLE leases (id INTEGER PRIMARY KEY AUTOINCREMENT, ttl_ms INTEGER NOT NULL);
CREATE TABLE revisions (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, compacted INTEGER NOT NULL);
INSERT INTO revisions VALUES (1, 1, 0);
`;
