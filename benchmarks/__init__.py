"""How fast the queue is, compared with the best rate of the same Postgres."""
