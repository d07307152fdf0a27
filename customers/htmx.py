"""What is asked for by a script of the page, and how it is sent elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.cache import patch_vary_headers


def is_fragment(request: HttpRequest) -> bool:
    """Tell whether a part of a page is asked for, to be put into one shown already."""
    asked = request.headers
    # Who goes back to a page that is no longer kept gets all of it.
    return "HX-Request" in asked and "HX-History-Restore-Request" not in asked


def go(request: HttpRequest, to: object) -> HttpResponse:
    """Send to another page: an address, a page's name, or what has a page.

    htmx would follow a redirect, and put what it finds there into this page.
    """
    url = resolve_url(to)  # type: ignore[arg-type]
    answer: HttpResponse = redirect(url)
    if is_fragment(request):
        answer = HttpResponse(headers={"HX-Redirect": url})
    patch_vary_headers(answer, ["HX-Request"])
    return answer
