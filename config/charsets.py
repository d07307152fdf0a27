"""Requests that are read as UTF-8, whatever they say they are.

All that is sent here is: pages are, and JSON is. Django believes a charset that is only
a codec of Python's (`base64`), and falls over it before anything could answer.
"""

from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters


class SiteRequest(WSGIRequest):
    """Of the site."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        _read_content_type(self, meta)


class StreamRequest(ASGIRequest):
    """Of the streams' server."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        _read_content_type(self, meta)


def _read_content_type(request: HttpRequest, meta: dict[str, Any]) -> None:
    request.content_type, request.content_params = parse_header_parameters(
        meta.get("CONTENT_TYPE", "")
    )


class SiteHandler(WSGIHandler):
    request_class = SiteRequest
