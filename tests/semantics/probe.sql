CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text, pin text DEFAULT '1234');
CREATE TABLE probes (
  id int PRIMARY KEY, title text, empty text, note text, hostile text, word text, state text,
  mood text, seven int, zero int, minus int, big bigint, half float8, fzero float8, price numeric,
  cent numeric, dzero numeric, at timestamptz, later timestamptz, never timestamptz, day date,
  clock time, key uuid, yes bool, no bool, maybe bool, tags text[], none text[], numbers int[],
  limits jsonb, blank jsonb, data jsonb, place jsonb, away jsonb, stops jsonb,
  one text, two text, three int, four timestamptz, five numeric, box jsonb,
  parent_id int, owner_id int NOT NULL REFERENCES users
);
CREATE TABLE items (
  id serial PRIMARY KEY, name text, position int, price numeric, probe_id int REFERENCES probes
);

SET timezone = 'UTC';
INSERT INTO users VALUES (3, 'Zoë', NULL), (4, 'Max', 'max@example.org');
INSERT INTO probes VALUES (
  1, 'Grüße, "Welt"', '', NULL, E'it''s "q" {x} {{ y }} \\ #{z} %s %% \n\t end', 'Straße', 'open',
  NULL, 7, 0, -3, 9007199254740993, 2.5, 0, 10.5000, 0.10, 0.00, '2024-02-29 12:30:45.250+02',
  '2024-03-01 00:00:00+00', NULL, '2024-02-29', '08:05:00', '00000000-0000-4000-8000-0000000000ff',
  true, false, NULL, '{a,b,c}', '{}', '{3,1,2}', '{"low": 1, "high": 9}', '{}',
  '{"name": "n", "list": [1, {"deep": true}], "nil": null, "one": 1, "half": 0.5, "text": "t", "on": true, "hash": {"a": {"b": "c"}}}',
  '{"city": "Köln", "code": null, "spot": {"x": 4, "y": null}}', NULL,
  '[{"name": "A", "minutes": 5}, {"name": "B", "minutes": 0}]',
  NULL, NULL, NULL, NULL, NULL, '{"label": "l", "depth": {"n": null}}', 2, 3
);
INSERT INTO probes (
  SELECT (jsonb_populate_record(probe, '{
    "id": 2, "word": "Parent", "seven": 6, "title": "Before", "state": "paid", "mood": "good",
    "note": "old", "place": {"city": "Bonn", "spot": null}, "tags": ["a"], "parent_id": null,
    "owner_id": 4
  }')).* FROM probes AS probe
);
INSERT INTO items (name, position, price, probe_id) VALUES
  ('first', 1, 1.50, 1), ('second', 2, 2.25, 1), ('other', 1, 9, 2);
