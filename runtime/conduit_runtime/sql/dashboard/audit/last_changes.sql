-- For each name under the given key of the targets, the last of these actions.
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
