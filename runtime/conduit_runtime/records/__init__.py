"""The application's rows as dataclasses, and the queries that read and write them."""
