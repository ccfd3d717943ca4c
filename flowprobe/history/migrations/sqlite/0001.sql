-- What is told of in docs/reference/history.md. A view ends in `_by_night`: that is what people ask.

CREATE TABLE migrations (
  number INTEGER PRIMARY KEY,
  flowprobe TEXT NOT NULL,
  at REAL NOT NULL
);

CREATE TABLE nights (
  id INTEGER PRIMARY KEY,
  environment TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  began REAL NOT NULL,
  ended REAL,
  verdict TEXT,
  exit_code INTEGER,
  run TEXT NOT NULL,
  because TEXT NOT NULL,
  calls INTEGER NOT NULL,
  journeys INTEGER NOT NULL,
  seed INTEGER NOT NULL,
  flowprobe TEXT NOT NULL,
  UNIQUE (environment, name)
);
CREATE INDEX nights_by_time ON nights (environment, began, name);

CREATE TABLE journeys (
  id INTEGER PRIMARY KEY,
  scenario TEXT NOT NULL,
  personas TEXT NOT NULL,
  plan TEXT NOT NULL,
  UNIQUE (scenario, personas, plan)
);

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  night INTEGER NOT NULL REFERENCES nights (id) ON DELETE CASCADE,
  journey INTEGER NOT NULL REFERENCES journeys (id),
  number INTEGER NOT NULL,
  at REAL NOT NULL,
  seconds REAL NOT NULL,
  verdict TEXT NOT NULL,
  blame TEXT NOT NULL,
  signature TEXT NOT NULL,
  sentence TEXT NOT NULL,
  step TEXT NOT NULL,
  provider TEXT NOT NULL,
  trial TEXT NOT NULL,
  UNIQUE (night, journey, number)
);
CREATE INDEX attempts_by_journey ON attempts (journey);

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  scenario TEXT NOT NULL,
  personas TEXT NOT NULL,
  UNIQUE (kind, name, scenario, personas)
);

CREATE TABLE samples (
  night INTEGER NOT NULL REFERENCES nights (id) ON DELETE CASCADE,
  series INTEGER NOT NULL REFERENCES series (id),
  seconds TEXT NOT NULL,
  PRIMARY KEY (night, series)
) WITHOUT ROWID;
CREATE INDEX samples_by_series ON samples (series);

CREATE TABLE counted (
  night INTEGER NOT NULL REFERENCES nights (id) ON DELETE CASCADE,
  journey INTEGER NOT NULL REFERENCES journeys (id),
  step TEXT NOT NULL,
  tries INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (night, journey, step)
) WITHOUT ROWID;
CREATE INDEX counted_by_journey ON counted (journey);

-- A reply looks the same on most nights: what it looks like is kept once.
CREATE TABLE replies (
  id INTEGER PRIMARY KEY,
  scenario TEXT NOT NULL,
  step TEXT NOT NULL,
  digest TEXT NOT NULL,
  paths TEXT NOT NULL,
  UNIQUE (scenario, step, digest)
);

CREATE TABLE shapes (
  night INTEGER NOT NULL REFERENCES nights (id) ON DELETE CASCADE,
  reply INTEGER NOT NULL REFERENCES replies (id),
  PRIMARY KEY (night, reply)
) WITHOUT ROWID;
CREATE INDEX shapes_by_reply ON shapes (reply);

CREATE TABLE alerts (
  id INTEGER PRIMARY KEY,
  environment TEXT NOT NULL,
  key TEXT NOT NULL,
  severity TEXT NOT NULL,
  blame TEXT NOT NULL,
  sentence TEXT NOT NULL,
  journeys TEXT NOT NULL,
  opened TEXT NOT NULL,
  last TEXT NOT NULL,
  resolved TEXT NOT NULL,
  link TEXT NOT NULL,
  UNIQUE (environment, key, opened)
);

CREATE TABLE marks (
  id INTEGER PRIMARY KEY,
  environment TEXT NOT NULL,
  deed TEXT NOT NULL,
  subject TEXT NOT NULL,
  night TEXT NOT NULL,
  by TEXT NOT NULL,
  because TEXT NOT NULL,
  at REAL NOT NULL,
  until TEXT NOT NULL,
  UNIQUE (environment, deed, subject, at)
);

CREATE VIEW attempts_by_night AS
SELECT n.environment, n.name AS night, j.scenario, j.personas, j.plan, a.number, a.at, a.seconds, a.verdict, a.blame,
  a.signature, a.sentence, a.step, a.provider, a.trial
FROM attempts a JOIN nights n ON n.id = a.night JOIN journeys j ON j.id = a.journey;

CREATE VIEW samples_by_night AS
SELECT n.environment, n.name AS night, s.kind, s.name, s.scenario, s.personas, m.seconds
FROM samples m JOIN nights n ON n.id = m.night JOIN series s ON s.id = m.series;

CREATE VIEW counted_by_night AS
SELECT n.environment, n.name AS night, j.scenario, j.personas, j.plan, c.step, c.tries, c.failures
FROM counted c JOIN nights n ON n.id = c.night JOIN journeys j ON j.id = c.journey;

CREATE VIEW shapes_by_night AS
SELECT n.environment, n.name AS night, r.scenario, r.step, r.paths
FROM shapes h JOIN nights n ON n.id = h.night JOIN replies r ON r.id = h.reply;
