"""Who asks, and what the token lets them: `Authorization: Bearer <access token>`.

A token carries scopes (RFC 6749, 3.3). A view says by `scope` which one it needs; one
that says nothing needs a customer's. The site's own pages ask with their session, which
may all that its user may.
"""

from typing import TYPE_CHECKING, Any

from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from customers.models import Scope

# Views read their settings, which name this module.
if TYPE_CHECKING:
    from rest_framework.views import APIView


class BearerAuthentication(OAuth2Authentication):
    """Recognises an access token; one that is wrong or over is refused with a 401."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found is None or not found[0].is_active:
            return None
        return found


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
