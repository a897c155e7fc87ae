-- The last of these actions for each name that the given key of their targets has.
SELECT DISTINCT ON (name) name, id, at, actor, action
FROM (
  SELECT id, at, actor, action, target ->> %(key)s::text AS name
  FROM {conduit_audit}
  WHERE action = ANY (%(actions)s::text[])
  ORDER BY id DESC
  LIMIT %(limit)s
) AS change
WHERE name IS NOT NULL
ORDER BY name, id DESC
