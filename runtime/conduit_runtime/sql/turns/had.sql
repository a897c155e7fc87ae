-- The keys that had turns in this claim, and how many.
SELECT queue, priority, key, turns, {turns/group_of} AS grp
FROM unnest(%(had_queues)s::text[], %(had_priorities)s::integer[], %(had_keys)s::text[], %(had_turns)s::integer[])
  AS had (queue, priority, key, turns)
