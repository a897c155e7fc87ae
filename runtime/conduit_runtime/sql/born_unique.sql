asked AS MATERIALIZED (
  SELECT new.*
  FROM unnest(
    %(parent)s::uuid[], %(id)s::uuid[], %(queue)s::text[], %(type)s::text[],
    %(fingerprint)s::text[], %(payload)s::text[], %(priority)s::int[], %(max_attempts)s::int[],
    %(timeout)s::float8[], %(run_at)s::timestamptz[], %(delay)s::float8[], %(key)s::text[],
    %(unique_for)s::float8[]{traces}
  ) WITH ORDINALITY AS new
    (parent, id, queue, type, fingerprint, payload, priority, max_attempts, timeout, run_at, delay,
     key, unique_for{trace}, position)
  JOIN completed ON completed.id = new.parent
), {unique}
