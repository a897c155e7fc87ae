-- Notes behind which key each ring goes on: the last that had a turn, of those that had the most turns. It
-- goes not beyond the place where a walk gave up.
WITH claimed AS MATERIALIZED (
  {turns/had}
), served AS MATERIALIZED (
  SELECT queue, priority, '' AS ring, coalesce(grp, key) COLLATE "C" AS name, pg_catalog.sum(turns) AS turns,
         coalesce(pg_catalog.overlay(grp, '-', pg_catalog.length(grp)), key || pg_catalog.chr(1), '') AS place
  FROM claimed GROUP BY queue, priority, grp, coalesce(grp, key), 6
  UNION ALL
  SELECT queue, priority, grp, key, turns, key || pg_catalog.chr(1) FROM claimed WHERE grp IS NOT NULL
), ends AS MATERIALIZED (
  SELECT * FROM unnest(
    %(end_queues)s::text[], %(end_priorities)s::integer[], %(end_rings)s::text[], %(end_places)s::text[],
    %(end_rounds)s::boolean[]
  ) AS ended (queue, priority, ring, place, is_round)
), rings AS MATERIALIZED (
  SELECT its.queue, its.priority, its.ring, last.seq, coalesce(last.position, '') AS position
  FROM (
    SELECT queue, priority, ring FROM served UNION SELECT queue, priority, ring FROM ends
  ) AS its
  LEFT JOIN LATERAL ({turns/last_turn}) AS last ON true
), latest AS (
  SELECT DISTINCT ON (rings.queue, rings.priority, rings.ring) rings.queue, rings.priority, rings.ring, served.place,
         coalesce(served.name < rings.position, true) AS is_round
  FROM rings JOIN served ON served.queue = rings.queue AND served.priority = rings.priority
    AND served.ring = rings.ring
  ORDER BY rings.queue, rings.priority, rings.ring, served.turns DESC,
    coalesce(served.name < rings.position, true) DESC, served.name DESC NULLS LAST
), chosen AS (
  SELECT DISTINCT ON (queue, priority, ring) queue, priority, ring, place
  FROM (TABLE latest UNION ALL TABLE ends) AS either
  ORDER BY queue, priority, ring, is_round, place COLLATE "C"
), noted AS (
  INSERT INTO {conduit_turns} (queue, priority, ring, position)
  SELECT queue, priority, ring, place FROM chosen
)
DELETE FROM {conduit_turns} AS turn USING rings
WHERE turn.queue = rings.queue AND turn.priority = rings.priority AND turn.ring = rings.ring
  AND turn.seq = rings.seq
