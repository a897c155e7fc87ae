WITH claimed AS (
{claim/claim}
)
SELECT {columns}{refusal} FROM claimed ORDER BY priority DESC, run_at, seq
