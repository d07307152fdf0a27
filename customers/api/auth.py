"""Who asks, and what the token lets them: `Authorization: Bearer <access token>`.

A token carries scopes (RFC 6749, 3.3). A view says by `scope` which one it needs; one
that says nothing needs a customer's. The site's own pages ask with their session, which
may all that its user may.
"""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from customers.models import Scope
from customers.selectors import find_access_token

# Views read their settings, which name this module.
if TYPE_CHECKING:
    from rest_framework.views import APIView


class BearerAuthentication(OAuth2Authentication):
    """Recognises an access token; one that is wrong or over makes nobody of its bearer.

    Whoever may be signed in beside it, by the pages' session. What asks for a user then
    answers with a 401 that says so.
    """

    def authenticate(self, request: Request) -> Any:
        kind, _space, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        token = find_access_token(token=value.strip())
        if token is None:
            # The library puts it into WWW-Authenticate (RFC 6750, 3).
            request.oauth2_error = {  # type: ignore[attr-defined]
                "error": "invalid_token",
                "error_description": "The access token is not good, or no longer.",
            }
            # Whom the next way to authenticate would recognise.
            request._request.user = AnonymousUser()  # noqa: SLF001
            return None
        return token.user, token


class HasScope(BasePermission):
    """Lets pass whose token has the scope that the view asks for."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not request.user.is_authenticated:
            return False
        # The pages' own session has no token, and no scopes.
        token: Any = request.auth
        if token is None:
            return True
        scope = getattr(view, "scope", Scope.CUSTOMER)
        return bool(token.allow_scopes([str(scope)]))
