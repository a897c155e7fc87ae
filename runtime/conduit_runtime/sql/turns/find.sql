-- The due jobs of fair queues whose turn it is, in the order of their turns, at most `size` of a queue.
-- The first due jobs of each lane take part in any case. Where a lane has more, walks find the keys behind
-- the last turn by an index that they skip through from one key to the next, so that a flood costs nothing.
-- A group of keys has one turn, which its keys take by turns. Jobs without a key are one key. A walk passes
-- over a thousand keys whose jobs are due later; the next claim goes on where it ended.
-- A claim that parks jobs looks again: keys that already had turns in it then come behind the others. Of a key with
-- parked jobs those without a limit come first, which nothing can keep from their turn; they also come before other
-- keys, since their turn has been.
WITH RECURSIVE {claim/scanned}, levels (queue, size, priority, found, is_cut, row_ids) AS (
  SELECT wanted.queue, wanted.size, 101, 0, false, NULL::tid[]
  FROM unnest(%(fair)s::text[], %(fair_sizes)s::int[]) AS wanted (queue, size)
  UNION ALL
  SELECT levels.queue, levels.size, next.priority, levels.found + heads.found, heads.is_cut, heads.row_ids
  FROM levels
  CROSS JOIN LATERAL (
    SELECT job.priority FROM {jobs} AS job
    WHERE job.queue = levels.queue AND job.status = 'pending' AND job.priority < levels.priority
    ORDER BY job.priority DESC LIMIT 1
  ) AS next
  CROSS JOIN LATERAL (
    SELECT pg_catalog.array_agg(head.ctid) AS row_ids, pg_catalog.count(*)::int AS found,
           coalesce(pg_catalog.bool_or(head.nth = %(heads)s), false) AS is_cut
    FROM lanes CROSS JOIN LATERAL (
      SELECT due.ctid, pg_catalog.row_number() OVER () AS nth FROM (
        SELECT pending.ctid FROM {jobs} AS pending
        WHERE pending.queue = levels.queue AND pending.status = 'pending' AND pending.priority = next.priority
          AND pending.type = lanes.type AND pending.fingerprint = lanes.fingerprint
          AND {claim/startable}
        ORDER BY pending.run_at, pending.seq LIMIT %(heads)s
      ) AS due
    ) AS head
  ) AS heads
  WHERE NOT levels.is_cut AND levels.found < levels.size
), heads AS MATERIALIZED (
  SELECT levels.queue, levels.priority, job.id, job.type, job.fingerprint, job.key, job.run_at, job.seq
  FROM levels CROSS JOIN pg_catalog.unnest(levels.row_ids) AS head (ctid)
  JOIN {jobs} AS job ON job.ctid = head.ctid
), flooded AS MATERIALIZED (
  SELECT queue, priority, type, fingerprint FROM heads
  GROUP BY queue, priority, type, fingerprint HAVING pg_catalog.count(*) = %(heads)s
), walk (queue, priority, type, fingerprint, ring, wanted, lower, upper, position, place, is_round, key, grp,
         is_due, found, steps) AS (
  SELECT its.queue, its.priority, its.type, its.fingerprint, its.ring, its.size, '', NULL::text,
         turn.position, turn.position, false, NULL::text, NULL::text, false, 0, 0
  FROM (
    SELECT flooded.*, levels.size, '' AS ring
    FROM flooded JOIN levels ON levels.queue = flooded.queue AND levels.priority = flooded.priority
  ) AS its
  CROSS JOIN LATERAL (SELECT coalesce((SELECT position FROM ({turns/last_turn}) AS last), '') AS position) AS turn
  UNION ALL
  SELECT step.* FROM walk AS its CROSS JOIN LATERAL (
    {turns/step}
  ) AS step
  WHERE its.found < its.wanted AND its.steps < its.wanted + %(passed)s
), nearest AS MATERIALIZED (
  -- The first keys and groups in the order of their turns.
  SELECT named.queue, named.priority, named.size, named.grp, named.name,
         pg_catalog.count(*) OVER (PARTITION BY named.queue) AS number
  FROM (
    SELECT known.*, pg_catalog.row_number() OVER (
      PARTITION BY known.queue ORDER BY known.name >= known.position DESC, known.name
    ) AS nth
    FROM (
      SELECT DISTINCT queue, priority, wanted AS size, position, grp, coalesce(grp, key) COLLATE "C" AS name
      FROM walk WHERE is_due
    ) AS known
  ) AS named
  WHERE named.nth <= named.size
), key_walk (queue, priority, type, fingerprint, ring, wanted, lower, upper, position, place, is_round, key, grp,
             is_due, found, steps) AS (
  SELECT its.queue, its.priority, its.type, its.fingerprint, its.ring, its.most, its.ring,
         pg_catalog.overlay(its.ring, '-', pg_catalog.length(its.ring)),
         turn.position, turn.position, false, NULL::text, NULL::text, false, 0, 0
  FROM (
    SELECT flooded.*, nearest.grp AS ring,
           least(nearest.size, 3 * (nearest.size - nearest.number) / nearest.number + 1)::integer AS most
    FROM nearest JOIN flooded ON flooded.queue = nearest.queue AND flooded.priority = nearest.priority
    WHERE nearest.grp IS NOT NULL
  ) AS its
  CROSS JOIN LATERAL (
    SELECT coalesce((SELECT position FROM ({turns/last_turn}) AS last), its.ring) AS position
  ) AS turn
  UNION ALL
  SELECT step.* FROM key_walk AS its CROSS JOIN LATERAL (
    {turns/step}
  ) AS step
  WHERE its.found < its.wanted AND its.steps < its.wanted + %(passed)s
), keys AS MATERIALIZED (
  SELECT queue, priority, name AS key FROM nearest WHERE grp IS NULL
  UNION
  SELECT queue, priority, key FROM key_walk WHERE is_due
), found AS MATERIALIZED (
  -- If some keys have but one job, others may have to fill the claim.
  SELECT due.id, its.type, its.queue, its.priority, its.key, its.size, due.run_at, due.seq
  FROM (
    SELECT flooded.*, keys.key, levels.size,
           least(levels.size, greatest(0, 3 * (levels.size - keys.number)) / keys.number + 1) AS most
    FROM (
      SELECT known.*, pg_catalog.count(*) OVER (PARTITION BY known.queue) AS number FROM keys AS known
    ) AS keys
    JOIN levels ON levels.queue = keys.queue AND levels.priority = keys.priority
    JOIN flooded ON flooded.queue = keys.queue AND flooded.priority = keys.priority
  ) AS its
  CROSS JOIN LATERAL (
    SELECT pending.id, pending.run_at, pending.seq FROM {jobs} AS pending
    WHERE {turns/in_lane} AND pending.key COLLATE "C" = its.key AND {claim/startable}
    ORDER BY pending.run_at, pending.seq LIMIT its.most
  ) AS due
  UNION
  SELECT heads.id, heads.type, heads.queue, heads.priority, heads.key, levels.size, heads.run_at, heads.seq
  FROM heads JOIN levels ON levels.queue = heads.queue AND levels.priority = heads.priority
), had AS MATERIALIZED (
  {turns/had}
), of_key AS MATERIALIZED (
  SELECT found.*, coalesce(had.turns, 0) + pg_catalog.row_number() OVER (
    PARTITION BY found.queue, found.priority, found.key ORDER BY
      coalesce(found.key = ANY (%(parked_keys)s::text[]) AND found.type = ANY (%(counted)s::text[]), false),
      found.run_at, found.seq
  ) AS turn_of_key
  FROM (SELECT found.*, {turns/group_of} AS grp FROM found) AS found
  LEFT JOIN had ON had.queue = found.queue AND had.priority = found.priority
    AND coalesce(had.key, '') = coalesce(found.key, '') AND (had.key IS NULL) = (found.key IS NULL)
), positions AS MATERIALIZED (
  SELECT its.queue, its.priority, its.ring, last.position
  FROM (
    SELECT queue, priority, coalesce(grp, '') AS ring FROM of_key GROUP BY 1, 2, 3
    UNION
    SELECT queue, priority, '' FROM levels
  ) AS its
  CROSS JOIN LATERAL ({turns/last_turn}) AS last
), of_group AS MATERIALIZED (
  SELECT of_key.*, coalesce(had.turns, 0) + pg_catalog.row_number() OVER (
    PARTITION BY of_key.queue, of_key.priority, coalesce(of_key.grp, of_key.key)
    ORDER BY of_key.turn_of_key, of_key.key COLLATE "C" >= coalesce(positions.position, '') DESC, of_key.key COLLATE "C"
  ) AS turn
  FROM of_key
  LEFT JOIN positions ON positions.queue = of_key.queue AND positions.priority = of_key.priority
    AND positions.ring = of_key.grp
  LEFT JOIN (
    SELECT queue, priority, coalesce(grp, key, '') AS name, (key IS NULL) AS has_none, pg_catalog.sum(turns) AS turns
    FROM had GROUP BY 1, 2, 3, 4
  ) AS had ON had.queue = of_key.queue AND had.priority = of_key.priority
    AND had.name = coalesce(of_key.grp, of_key.key, '') AND had.has_none = (of_key.key IS NULL)
), placed AS MATERIALIZED (
  SELECT of_group.queue, of_group.id, of_group.size, pg_catalog.row_number() OVER (
    PARTITION BY of_group.queue
    ORDER BY of_group.priority DESC, of_group.turn,
      coalesce(of_group.key = ANY (%(parked_keys)s::text[]) AND of_group.type <> ALL (%(counted)s::text[]), false) DESC,
      coalesce(coalesce(of_group.grp, of_group.key) COLLATE "C" >= coalesce(positions.position, ''), false) DESC,
      coalesce(of_group.grp, of_group.key) COLLATE "C" NULLS FIRST
  ) AS place
  FROM of_group
  LEFT JOIN positions ON positions.queue = of_group.queue AND positions.priority = of_group.priority
    AND positions.ring = ''
), ends AS MATERIALIZED (
  SELECT DISTINCT ON (queue, priority, ring) queue, priority, ring, place, is_round
  FROM (TABLE walk UNION ALL TABLE key_walk) AS walked
  WHERE found < wanted AND steps = wanted + %(passed)s
  ORDER BY queue, priority, ring, is_round, place COLLATE "C"
)
SELECT ARRAY(SELECT id FROM placed WHERE place <= size ORDER BY queue, place),
       EXISTS (SELECT FROM flooded),
       ARRAY(SELECT queue FROM ends ORDER BY queue, priority, ring),
       ARRAY(SELECT priority FROM ends ORDER BY queue, priority, ring),
       ARRAY(SELECT ring FROM ends ORDER BY queue, priority, ring),
       ARRAY(SELECT place FROM ends ORDER BY queue, priority, ring),
       ARRAY(SELECT is_round FROM ends ORDER BY queue, priority, ring)
