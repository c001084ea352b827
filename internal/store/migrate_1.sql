-- SPDX-FileCopyrightText: 2026 The dsai authors
-- SPDX-License-Identifier: Apache-2.0

-- From format 1 to 2. What was opened is in a journal now; an answer writes ten
-- pages instead of sixteen.
PRAGMA defer_foreign_keys=ON;
PRAGMA legacy_alter_table=ON; -- what refers to these tables refers to the new ones
DROP TABLE opened;
DROP INDEX credential_type;
DROP INDEX outbox_digest;
DROP INDEX outbox_pending;
DROP INDEX outbox_idx;
DROP INDEX receipt_at;
DROP INDEX receipt_requester;
DROP INDEX use_receipt;
DROP INDEX use_consent;
ALTER TABLE credential RENAME TO credential_1;
ALTER TABLE outbox RENAME TO outbox_1;
ALTER TABLE receipt RENAME TO receipt_1;
ALTER TABLE use_ RENAME TO use_1;
CREATE TABLE credential (
  num     INTEGER PRIMARY KEY,       -- order of arrival
  digest  BLOB    NOT NULL UNIQUE,   -- content digest, without id and proof
  type    TEXT    NOT NULL,
  raw     BLOB,
  salt    BLOB,                      -- blinds the leaf
  created INTEGER NOT NULL           -- seconds since the epoch
);
CREATE INDEX credential_type ON credential(type, num) WHERE type NOT IN ('InferenceReceipt','RefusalReceipt');
CREATE TABLE outbox (
  credential INTEGER PRIMARY KEY REFERENCES credential(num),
  epoch      INTEGER NOT NULL,
  first      INTEGER NOT NULL,       -- 1 goes before all others of its epoch
  leaf       BLOB    NOT NULL,
  idx        INTEGER
);
CREATE INDEX outbox_pending ON outbox(epoch, first DESC, credential) WHERE idx IS NULL;
CREATE INDEX outbox_idx ON outbox(epoch, idx) WHERE idx IS NOT NULL;
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
CREATE TABLE use_ (
  document INTEGER NOT NULL REFERENCES document(num),
  receipt  INTEGER NOT NULL REFERENCES receipt(num),
  consent  BLOB,                     -- NULL: considered and refused
  quoted   TEXT NOT NULL,            -- sentences that left
  chars    INTEGER NOT NULL,         -- code points quoted
  PRIMARY KEY (document, receipt)
) WITHOUT ROWID;
INSERT INTO credential SELECT num,digest,type,raw,salt,created FROM credential_1 ORDER BY num;
-- Leaves that wait and have moved to a later epoch stand behind its own record,
-- which is all that was ever put in front of older ones.
INSERT INTO outbox SELECT c.num,o.epoch,c.type='LogEpoch',o.leaf,o.idx
  FROM outbox_1 o JOIN credential c ON c.digest=o.digest ORDER BY c.num;
INSERT INTO receipt SELECT c.num,r.request,r.at,r.requester,r.code,r.ended,r.purpose,r.model,r.openings
  FROM receipt_1 r JOIN credential c ON c.digest=r.digest ORDER BY c.num;
INSERT INTO use_ SELECT u.document,c.num,u.consent,u.quoted,u.chars
  FROM use_1 u JOIN receipt_1 r ON r.num=u.receipt JOIN credential c ON c.digest=r.digest ORDER BY 1,2;
DROP TABLE use_1;
DROP TABLE receipt_1;
DROP TABLE outbox_1;
DROP TABLE credential_1;
PRAGMA legacy_alter_table=OFF;
PRAGMA user_version=2;
