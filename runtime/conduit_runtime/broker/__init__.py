"""Workers without a database: gateways and remote workers, with RabbitMQ between them."""
