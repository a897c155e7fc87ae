WITH claimed AS (
{claim/claim}
)
SELECT {columns} FROM claimed ORDER BY priority DESC, run_at, seq
