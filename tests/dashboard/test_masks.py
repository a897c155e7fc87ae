"""The masks of pages come from the descriptions that workers write."""

import asyncio
import json

from conduit_dashboard import Access
from conduit_dashboard.database import Database
from conduit_dashboard.masks import masks_of
from conduit_dashboard.page import Visit
from conduit_dashboard.settings import Settings
from conduit_runtime import AsyncQueue
from dashboard_site import Site
from starlette.datastructures import QueryParams

DESCRIBE = "INSERT INTO conduit_job_types VALUES (%s, %s, 'mail', %s)"
FIELDS = {"to": {"kind": "string"}, "card": {"kind": "string", "sensitive": True}}


def test_masks_are_those_of_a_type_and_a_fingerprint(site: Site) -> None:
    site.sql(DESCRIBE, "mail", "aaaa", json.dumps({"fields": FIELDS}))

    async def read() -> None:
        async with AsyncQueue(site.queue.dsn) as queue:
            access = Access.operate("ann")
            visit = Visit(Database(queue), access, Settings(), "", {}, QueryParams())
            masks = await masks_of(visit, ["mail", "mail", "other"])
        payload = {"to": "x", "card": "4111"}
        assert masks.of("mail", "aaaa").payload(payload) == {"to": "x", "card": "[sensitive]"}
        assert masks.of("mail", "aaaa") is masks.of("mail", "aaaa")
        assert masks.of("mail", "").payload(payload)["card"] == "[sensitive]"
        assert not masks.of("other", "bbbb").is_known
        assert masks.of("other", "").payload(payload) == payload

    asyncio.run(read())
