-- Forgets the turns of groups and priorities that had none for an hour: they begin anew.
DELETE FROM {conduit_turns} WHERE ctid = ANY (ARRAY(
  SELECT turn.ctid FROM {conduit_turns} AS turn
  WHERE turn.at < pg_catalog.now() - interval '1 hour'
  LIMIT 1000 FOR UPDATE SKIP LOCKED
))
