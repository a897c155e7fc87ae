SELECT turn.seq, turn.position FROM {conduit_turns} AS turn
WHERE turn.queue = its.queue AND turn.priority = its.priority AND turn.ring = its.ring
ORDER BY turn.seq DESC LIMIT 1
