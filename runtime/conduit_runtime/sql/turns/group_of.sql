pg_catalog.substring(key, '^\[(?:"(?:[^"\\]|\\.)*"|[^][",]+),')
