{conduit_advance}(array_agg(id))
