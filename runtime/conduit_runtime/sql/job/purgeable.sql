-- The jobs of a page that job/purge.sql would delete.
WITH {purge_page}
SELECT ARRAY(SELECT id FROM page WHERE is_old ORDER BY id), pg_catalog.count(*),
       (SELECT id FROM page ORDER BY id DESC LIMIT 1)
FROM page
