"""Pages of a list that may have millions of rows."""

from functools import cached_property

from django.core.paginator import Paginator

MOST = 10_000
"""The most rows that the list counts and divides into pages."""


class BoundedPaginator(Paginator):
    """Counts at most `MOST` rows; users find older rows with filters and the search."""

    @cached_property
    def count(self) -> int:
        """How many rows the pages show."""
        number: int = self.object_list.order_by()[:MOST].count()
        return number
