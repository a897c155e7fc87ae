"""What workers behind gateways and a broker reach, beside those that have the database."""
