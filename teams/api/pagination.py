"""Pages of a long answer: `?limit=` and `?offset=`."""

from __future__ import annotations

from rest_framework.pagination import LimitOffsetPagination


class Pages(LimitOffsetPagination):
    """`{"count", "next", "previous", "results"}`, 200 at a time unless asked, never more than 1,000."""

    default_limit = 200
    max_limit = 1000
