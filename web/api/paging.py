"""Pages of a collection. A cursor is opaque: it says after which key to go on, so pages stay right while things
are added or removed between them."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query, Response
from pydantic import BaseModel
from starlette.requests import Request

from web.api.problems import Problem

T = TypeVar("T")
K = TypeVar("K", str, int)
LARGEST = 500
BIGGEST_KEY = (1 << 63) - 1

Limit = Annotated[int, Query(ge=1, le=LARGEST, description="At most this many items.")]
Cursor = Annotated[
    str | None, Query(max_length=1_000, description="`next` of the page before; opaque.", alias="cursor")
]


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None
    """Cursor of the next page; null on the last one. Also as `Link: <…>; rel="next"`."""


def encode(collection: str, key: str | int) -> str:
    """The cursor that goes on after `key`."""
    text = json.dumps([collection, key], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(collection: str, cursor: str, kind: type[K]) -> K:
    """The key of a cursor of that collection. Raises Problem: it is not one."""
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        found, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise Problem("bad-cursor") from None
    if found != collection or type(key) is not kind:
        raise Problem("bad-cursor")
    if isinstance(key, int) and not 0 <= key <= BIGGEST_KEY:
        raise Problem("bad-cursor")
    return key


def page_of(
    items: Iterable[T], key: Callable[[T], K], collection: str, cursor: str | None, limit: int, kind: type[K]
) -> tuple[list[T], str | None]:
    """The page of `items` after `cursor`, in the order of their unique keys, and the next cursor."""
    after = None if cursor is None else decode(collection, cursor, kind)
    rest = sorted((item for item in items if after is None or key(item) > after), key=key)
    return rest[:limit], encode(collection, key(rest[limit - 1])) if len(rest) > limit else None


def page(request: Request, response: Response, items: Sequence[T], next_: str | None) -> Page[T]:
    """The body of a page, and its `Link` header."""
    if next_ is not None:
        url = request.url.include_query_params(cursor=next_)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return Page(items=list(items), next=next_)
