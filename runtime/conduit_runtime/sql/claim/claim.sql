-- Claims the rows that due_rows.sql finds. A bound is where the last claim of a priority ended: the
-- scan starts there and skips dead index entries. The claim omits types with a limit that it does
-- not count, even if the worker has not read their limit.
WITH RECURSIVE {claim/scanned}
{take}
