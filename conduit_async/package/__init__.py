"""A generated package on its way: what `plan`, `lower` and `emit` hand on."""
