-- SPDX-FileCopyrightText: 2026 The dsai authors
-- SPDX-License-Identifier: Apache-2.0

-- Each index costs a page in every answer: have none that no query needs.

-- Every signed artifact, in canonical form. raw becomes NULL when it is erased;
-- the leaf in the log stays, and says nothing without raw and salt. No row goes.
CREATE TABLE credential (
  num     INTEGER PRIMARY KEY,       -- order of arrival
  digest  BLOB    NOT NULL UNIQUE,   -- content digest, without id and proof
  type    TEXT    NOT NULL,
  raw     BLOB,
  salt    BLOB,                      -- blinds the leaf
  created INTEGER NOT NULL           -- seconds since the epoch
);
-- Receipts are the many that nobody asks for by type.
CREATE INDEX credential_type ON credential(type, num) WHERE type NOT IN ('InferenceReceipt','RefusalReceipt');

-- What must reach the log, in order. A row is written in the transaction that
-- stores the artifact; idx is filled in once the log holds the leaf.
CREATE TABLE outbox (
  credential INTEGER PRIMARY KEY REFERENCES credential(num),
  epoch      INTEGER NOT NULL,
  first      INTEGER NOT NULL,       -- 1 goes before all others of its epoch
  leaf       BLOB    NOT NULL,
  idx        INTEGER
);
CREATE INDEX outbox_pending ON outbox(epoch, first DESC, credential) WHERE idx IS NULL;
CREATE INDEX outbox_idx ON outbox(epoch, idx) WHERE idx IS NOT NULL;

CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE member (
  id        BLOB PRIMARY KEY,
  name      TEXT NOT NULL UNIQUE,
  did       TEXT NOT NULL,           -- consent key in force
  custody   TEXT NOT NULL,
  inception BLOB NOT NULL,           -- credential digest
  secrets   BLOB,                    -- salt of the chain-key commitment; NULL unless kept here
  created   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE document (
  num       INTEGER PRIMARY KEY AUTOINCREMENT,
  id        BLOB NOT NULL UNIQUE,
  member    BLOB NOT NULL,
  path      TEXT NOT NULL,
  title     TEXT NOT NULL,
  sensitive INTEGER NOT NULL,
  secret    BLOB,                    -- NULL once forgotten
  version   BLOB,                    -- current version commitment
  created   INTEGER NOT NULL,
  gone      INTEGER,                 -- source file deleted (watch), or forgotten
  quarantine BLOB                    -- document whose withdrawal quarantined this copy
);
CREATE UNIQUE INDEX document_path ON document(member, path);

CREATE TABLE version (
  commitment BLOB PRIMARY KEY,
  document   INTEGER NOT NULL REFERENCES document(num),
  salt       BLOB NOT NULL,
  mac        BLOB NOT NULL,          -- local HMAC of the source; never logged
  bytes      INTEGER NOT NULL,
  media      TEXT NOT NULL,
  language   TEXT NOT NULL,
  derivation BLOB NOT NULL,          -- credential digest
  passages   INTEGER NOT NULL,
  created    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX version_mac ON version(mac);
CREATE INDEX version_document ON version(document, created);

CREATE TABLE passage (
  num        INTEGER PRIMARY KEY AUTOINCREMENT,
  document   INTEGER NOT NULL REFERENCES document(num),
  version    BLOB    NOT NULL,
  idx        INTEGER NOT NULL,
  commitment BLOB    NOT NULL,
  body       BLOB                    -- JCS of dsai.PassageBody; NULL once forgotten
);
CREATE INDEX passage_version ON passage(version, idx);

-- Passages whose change has not reached the index yet. Rows come with the
-- change and go once the index holds it, so that a crash loses none.
CREATE TABLE reindex (
  passage INTEGER PRIMARY KEY,
  add_    INTEGER NOT NULL           -- 1 add, 0 remove
);

CREATE TABLE grant_ (
  consent  BLOB PRIMARY KEY,
  member   BLOB NOT NULL,
  idx      INTEGER NOT NULL UNIQUE,  -- bit in the status list
  revoked  INTEGER,
  superseded BLOB
) WITHOUT ROWID;

-- Which documents a consent names, directly or by a collection addition.
CREATE TABLE grant_document (
  consent  BLOB NOT NULL,
  document BLOB NOT NULL,
  addition BLOB,                     -- CollectionAddition credential
  revoked  INTEGER,                  -- this document alone was withdrawn
  PRIMARY KEY (consent, document)
) WITHOUT ROWID;
CREATE INDEX grant_document_document ON grant_document(document);

CREATE TABLE revocation (
  digest  BLOB PRIMARY KEY,
  consent BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX revocation_consent ON revocation(consent);

CREATE TABLE receipt (
  num       INTEGER PRIMARY KEY REFERENCES credential(num),
  request   BLOB NOT NULL UNIQUE,
  at        INTEGER NOT NULL,
  requester BLOB NOT NULL,           -- Undertaking.Requester
  code      TEXT NOT NULL,           -- "" = answered
  ended     TEXT NOT NULL,
  purpose   TEXT NOT NULL,
  model     TEXT NOT NULL,
  openings  BLOB                     -- JSON of dsai.Openings; NULL once erased
);
CREATE INDEX receipt_requester ON receipt(requester);

-- The uses of a consent are those of the documents that grant_document names.
CREATE TABLE use_ (
  document INTEGER NOT NULL REFERENCES document(num),
  receipt  INTEGER NOT NULL REFERENCES receipt(num),
  consent  BLOB,                     -- NULL: considered and refused
  quoted   TEXT NOT NULL,            -- sentences that left
  chars    INTEGER NOT NULL,         -- code points quoted
  PRIMARY KEY (document, receipt)
) WITHOUT ROWID;

-- Code points of a document quoted to a requester so far.
CREATE TABLE quoted (
  requester BLOB NOT NULL,
  document  BLOB NOT NULL,
  chars     INTEGER NOT NULL,
  PRIMARY KEY (requester, document)
) WITHOUT ROWID;

CREATE TABLE apikey (
  hash        BLOB PRIMARY KEY,      -- of the secret
  name        TEXT NOT NULL UNIQUE,
  undertaking BLOB NOT NULL,
  created     INTEGER NOT NULL,
  revoked     INTEGER,
  used        INTEGER
) WITHOUT ROWID;

CREATE TABLE model (
  name    TEXT PRIMARY KEY,
  url     TEXT NOT NULL,
  remote  TEXT NOT NULL,             -- model id at the server
  created INTEGER NOT NULL
) WITHOUT ROWID;
