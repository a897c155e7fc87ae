"""The rates of workers behind gateways and a broker, beside workers with the database."""
