"""Pages of a list that may have millions of rows."""

from functools import cached_property

from django.core.paginator import Paginator

MOST = 10_000
"""Rows that the list counts, and leads to by pages."""


class BoundedPaginator(Paginator):
    """Counts no further than `MOST` rows: filters and the search find older ones."""

    @cached_property
    def count(self) -> int:
        """How many rows the pages show."""
        number: int = self.object_list.order_by()[:MOST].count()
        return number
