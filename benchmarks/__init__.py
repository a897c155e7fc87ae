"""How fast the queue is, measured against what the same Postgres can do at best."""
