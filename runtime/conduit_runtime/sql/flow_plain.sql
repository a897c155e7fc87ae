flow_link AS (
  SELECT link.job, link.next, false AS watched
  FROM unnest(%(flow_before)s::uuid[], %(flow_after)s::uuid[]) AS link (job, next)
  JOIN flow_asked ON flow_asked.id = link.job
), flow_kept AS (
  SELECT * FROM flow_asked
)
