-- A worker that freezes while it holds the locks must not block the others.
UNION ALL
SELECT '', pg_catalog.set_config('idle_in_transaction_session_timeout', '5s', true)
