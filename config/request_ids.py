"""The id of the request that is being answered, for its answer and for the log."""

import logging
import re
from contextvars import ContextVar
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest

HEADER = "HTTP_X_REQUEST_ID"
is_plain = re.compile(r"[A-Za-z0-9_.:-]{8,64}").fullmatch

_current: ContextVar[str] = ContextVar("request_id", default="")


def begin_request(request: HttpRequest) -> str:
    """Return the id of a request: a proxy's of ours, else a new one."""
    given = request.META.get(HEADER, "") if settings.PROXY_COUNT else ""
    request_id = given if is_plain(given) else uuid4().hex
    _current.set(request_id)
    return request_id


def current_request_id() -> str:
    """Return the id of the request under way; "" outside of one."""
    return _current.get()


class AddRequestId(logging.Filter):
    """Gives a line of the log the id of the request that it was written for."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = current_request_id()
        record.request_mark = f" [{request_id}]" if request_id else ""
        return True
