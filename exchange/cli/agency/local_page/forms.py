"""A form of a page, read from a request.

Rules kept: a body is short and comes soon; it has the key of the pages, or nothing is done.
"""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

from exchange.cli.agency.local_page.door import Door

FORM_MAX: Final = 16_384
FORM_S: Final = 10.0
FIELDS_MAX: Final = 40
KEY: Final = "form_key"
KIND: Final = "application/x-www-form-urlencoded"


async def form_of(request: Request, door: Door) -> Mapping[str, str]:
    """The fields of a form. Raises HTTPException."""
    if not request.headers.get("content-type", "").startswith(KIND):
        raise HTTPException(415)
    try:
        async with asyncio.timeout(FORM_S):
            body = await _body(request)
        fields = dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
        )
    except TimeoutError:
        raise HTTPException(408) from None
    except ValueError:
        raise HTTPException(400) from None
    if not door.is_form_key(fields.pop(KEY, "")):
        raise HTTPException(403)
    return fields


async def _body(request: Request) -> bytes:
    found = b""
    async for chunk in request.stream():
        found += chunk
        if len(found) > FORM_MAX:
            raise HTTPException(413)
    return found
