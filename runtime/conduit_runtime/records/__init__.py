"""The rows of the application's tables as dataclasses, and the queries that read and write them."""
