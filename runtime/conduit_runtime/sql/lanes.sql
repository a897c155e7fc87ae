SELECT DISTINCT type, fingerprint FROM (
{waiting}
) AS waiting
