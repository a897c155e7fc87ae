-- Where to go on, NULL at the end; how many were changed; and which somebody else has locked.
SELECT CASE WHEN (SELECT pg_catalog.count(*) FROM found) = %(limit)s
         THEN (SELECT id FROM found ORDER BY id DESC LIMIT 1) END,
       (SELECT pg_catalog.count(*) FROM changed),
       ARRAY(SELECT id FROM found EXCEPT SELECT id FROM mine),
       (SELECT pg_catalog.count(*) FROM advanced) + (SELECT pg_catalog.count(*) FROM told)
