"""Our tables: their migrations, and who may use them."""
