-- A worker that is frozen just now must not keep them from the others.
UNION ALL
SELECT '', pg_catalog.set_config('idle_in_transaction_session_timeout', '5s', true)
