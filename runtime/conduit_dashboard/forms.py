"""The fields of a form that a browser sent."""

import asyncio
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request

from .errors import BadRequest
from .settings import Bounds

MOST_BYTES = 8_000_000
MOST_FIELDS = 10_000


async def read_form(
    request: Request, most_bytes: int = MOST_BYTES, seconds: float = Bounds().form
) -> FormData:
    """The fields of the request's form.

    Raises BadRequest for more than `most_bytes` or MOST_FIELDS, if it does not arrive within
    so many seconds, and if the body is not a form.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                body += part
                if len(body) > most_bytes:
                    raise BadRequest(f"The form has more than {most_bytes:,} bytes.")
    except (ClientDisconnect, TimeoutError):
        raise BadRequest("The form did not arrive whole.") from None
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise BadRequest(
            f"The form cannot be read: it is no UTF-8, or has more than {MOST_FIELDS:,} fields."
        ) from None
    return FormData([*fields])
