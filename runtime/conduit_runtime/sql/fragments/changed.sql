-- The id to continue from (NULL at the end), the number of changed jobs, and the locked jobs.
SELECT CASE WHEN (SELECT pg_catalog.count(*) FROM found) = %(limit)s
         THEN (SELECT id FROM found ORDER BY id DESC LIMIT 1) END,
       (SELECT pg_catalog.count(*) FROM changed),
       ARRAY(SELECT id FROM found EXCEPT SELECT id FROM mine),
       (SELECT pg_catalog.count(*) FROM advanced) + (SELECT pg_catalog.count(*) FROM notified)
