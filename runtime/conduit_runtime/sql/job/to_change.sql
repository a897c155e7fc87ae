-- The id to continue from (NULL at the end), and the jobs of a page that a filter finds.
WITH {page}
SELECT CASE WHEN pg_catalog.count(*) = %(limit)s
         THEN (SELECT id FROM found ORDER BY id DESC LIMIT 1) END,
       ARRAY(SELECT id FROM found ORDER BY id)
FROM found
