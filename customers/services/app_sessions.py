"""Signing apps in: a session of one's own for each, and tokens that come and go.

The tokens are those of django-oauth-toolkit: an access token for minutes, a refresh
token that works once. One that is used again ends all that came of the same sign-in
(RFC 9700, 4.14.2). Whatever begins, renews or ends a session locks its user's row, so
that a session that is ended stays so.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from oauth2_provider.models import (
    AccessToken,
    Application,
    RefreshToken,
    clear_expired,
    set_token_value,
)
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import generate_token
from oauthlib.oauth2 import Server

from customers.exceptions import TokenRefusedError
from customers.models import AppSession, Scope, User

# The one client of the token endpoint's rules: apps have no secret to keep.
CLIENT_ID = "tiffin-apps"
MAX_SESSIONS = 50


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an app is given: `access` for so many seconds, `refresh` for one use."""

    access: str
    refresh: str
    expires_in: int
    scopes: tuple[str, ...]


@transaction.atomic
def sign_in_app(*, user: User, name: str, scopes: Iterable[Scope]) -> Tokens:
    """Begin a session for an app on the device that `name` tells; return its tokens."""
    now = timezone.now()
    lock_sessions_of(user.pk)
    session = AppSession.objects.create(user=user, name=name[:100], last_used_at=now)
    _end_oldest(user)
    tokens = Tokens(
        generate_token(43),
        generate_token(43),
        oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS,
        tuple(str(scope) for scope in scopes),
    )
    application = _application()
    access = AccessToken(
        user=user,
        application=application,
        scope=" ".join(tokens.scopes),
        expires=now + timedelta(seconds=tokens.expires_in),
    )
    set_token_value(access, tokens.access)
    access.save()
    refresh = RefreshToken(
        user=user,
        application=application,
        access_token=access,
        token_family=session.family,
    )
    set_token_value(refresh, tokens.refresh)
    refresh.save()
    return tokens


def refresh_app(*, refresh_token: str) -> Tokens:
    """Return new tokens for a refresh token; raises TokenRefusedError.

    A token that was used before ends its session: somebody else has it, too.
    """
    # What is ended by it stays ended, although an error is raised.
    tokens = _refresh(refresh_token)
    if tokens is None:
        raise TokenRefusedError
    return tokens


@transaction.atomic
def _refresh(refresh_token: str) -> Tokens | None:
    digest = hashlib.sha256(refresh_token.encode()).hexdigest()
    families = RefreshToken.objects.filter(token_checksum=digest)
    sessions = AppSession.objects.filter(family__in=families.values("token_family"))
    session = sessions.first()
    if session is None:
        return None
    user = lock_sessions_of(session.user_id)
    # Of two who ask at once the second sees here what the first has done.
    session = sessions.first()
    if session is None:
        return None
    tokens = _exchange(refresh_token) if user and user.is_active else None
    if tokens is None:
        _end(session)
    else:
        AppSession.objects.filter(pk=session.pk).update(last_used_at=timezone.now())
    return tokens


def _exchange(refresh_token: str) -> Tokens | None:
    body = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": CLIENT_ID,
    }
    server = Server(
        OAuth2Validator(),
        token_expires_in=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS,
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    _headers, text, status = server.create_token_response(
        "/api/v1/auth/refresh", "POST", urlencode(body), headers
    )
    if status != HTTPStatus.OK:
        return None
    answer = json.loads(text)
    return Tokens(
        answer["access_token"],
        answer["refresh_token"],
        answer["expires_in"],
        tuple(answer["scope"].split()),
    )


@transaction.atomic
def end_app_session(*, user: User, public_id: UUID) -> None:
    """Sign one of a user's apps out; AppSession.DoesNotExist for another's."""
    lock_sessions_of(user.pk)
    _end(AppSession.objects.get(user=user, public_id=public_id))


@transaction.atomic
def end_app_sessions(*, user: User) -> None:
    """Sign all of a user's apps out."""
    lock_sessions_of(user.pk)
    for session in user.app_sessions.all():
        _end(session)


def clear_old_tokens() -> None:
    """Forget tokens that are over, and the sessions that no token can renew."""
    clear_expired()
    live = RefreshToken.objects.filter(
        token_family=OuterRef("family"), revoked__isnull=True
    )
    AppSession.objects.filter(~Exists(live)).delete()


def lock_sessions_of(user_pk: int) -> User | None:
    """Let nobody else begin, renew or end a session of a user; return the user.

    New orders and other rows that name the user do not wait for it.
    """
    return User.objects.select_for_update(no_key=True).filter(pk=user_pk).first()


def _end(session: AppSession) -> None:
    RefreshToken.revoke_family(session.family)
    session.delete()


def _end_oldest(user: User) -> None:
    kept = user.app_sessions.order_by("-last_used_at", "-pk")[:MAX_SESSIONS]
    for session in user.app_sessions.exclude(
        pk__in=list(kept.values_list("pk", flat=True))
    ):
        _end(session)


def _application() -> Application:
    application, _is_new = Application.objects.get_or_create(
        client_id=CLIENT_ID,
        defaults={
            "name": "Tiffin apps",
            "client_type": Application.CLIENT_PUBLIC,
            "authorization_grant_type": Application.GRANT_PASSWORD,
            "client_secret": "",
        },
    )
    return application
