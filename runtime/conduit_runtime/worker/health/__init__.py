"""Whether a pool lives and is ready, for the probes of its supervisor."""
