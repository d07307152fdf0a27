import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from customers.browsers import digest_of
from customers.models import Address, AppSession, KnownBrowser, User
from notifications.prepared import Row, fetch_rows


def list_addresses_for_customer(*, customer: User) -> QuerySet[Address]:
    """List a customer's addresses, the chosen one first, then newest first."""
    return Address.objects.filter(user=customer)


def get_address_for_customer(*, customer: User, address_pk: int) -> Address:
    """Get one of the customer's own; anyone else's does not exist."""
    return Address.objects.get(user=customer, pk=address_pk)


def list_known_browsers(*, customer: User) -> QuerySet[KnownBrowser]:
    """List the browsers that a customer signed in with, the last one first."""
    return KnownBrowser.objects.filter(user=customer)


def is_browser_of_account(*, email: str, browser_key: str) -> bool:
    """Tell whether a browser signed in to the account with this email before."""
    user = User.objects.find_account(email)
    browsers = KnownBrowser.objects.filter(user=user, digest=digest_of(browser_key))
    return user is not None and browsers.exists()


def find_access_token(*, token: str) -> AccessToken | None:
    """Return an access token that is good now, with its user; None for any other.

    Every request of an app asks this, so it is one query that is written once: through
    the library's own validator, which asks for the same by way of three models, it took
    longer than all else of a small request.
    """
    digest = hashlib.sha256(token.encode(errors="replace")).hexdigest()
    rows = _ask_first(_access_token_query(), [digest, timezone.now()])
    if not rows:
        return None
    row, fields = rows[0], _names_of(User)
    user = User.from_db(connection.alias, fields, row[: len(fields)])
    found = AccessToken.from_db(connection.alias, TOKEN_FIELDS, row[len(fields) :])
    found.user = user
    return found


def _ask_first(query: str, parameters: Sequence[object]) -> list[Row]:
    """Ask for rows; a connection that broke since its last use is opened anew.

    It reads, so it may be asked twice, and shows what Django would ask for by a query
    of its own at the start of each request (CONN_HEALTH_CHECKS).
    """
    can_reopen = not connection.in_atomic_block
    if can_reopen:
        connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return fetch_rows(query, parameters)
    except (OperationalError, InterfaceError):
        if not can_reopen:
            raise
        connection.close()
        return fetch_rows(query, parameters)


TOKEN_FIELDS = ("id", "user_id", "application_id", "expires", "scope")


@cache
def _access_token_query() -> str:
    """Return the query for a token by its digest, and a moment at which it is good.

    A token that was made for some other resource (RFC 8707) is of no use here.
    """
    names = [f"person.{name}" for name in _names_of(User)]
    names += [f"token.{name}" for name in TOKEN_FIELDS]
    return (
        f"SELECT {', '.join(names)} FROM oauth2_provider_accesstoken token"  # noqa: S608
        " JOIN customers_user person ON person.id = token.user_id"
        " WHERE token.token_checksum = %s AND token.expires > %s"
        " AND token.resource = '[]' AND person.is_active"
    )


@cache
def _names_of(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)  # noqa: SLF001


@dataclass(frozen=True)
class SignedInApp:
    """An app that somebody is signed in with, as its live token has it."""

    public_id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime
    scopes: tuple[str, ...]
    is_current: bool


def list_app_sessions(
    *, customer: User, access_token_pk: int | None
) -> list[SignedInApp]:
    """List the apps a customer is signed in with, the last used one first.

    The current one is that of the access token.
    """
    live = RefreshToken.objects.filter(
        token_family=OuterRef("family"), revoked__isnull=True
    )
    rows = (
        AppSession.objects.filter(user=customer)
        .annotate(
            scope=Subquery(live.values("access_token__scope")[:1]),
            token=Subquery(live.values("access_token")[:1]),
        )
        .filter(token__isnull=False)
        .values_list(
            *("public_id", "name", "created_at", "last_used_at", "scope", "token")
        )
    )
    return [
        SignedInApp(
            public_id=public_id,
            name=name,
            created_at=created_at,
            last_used_at=last_used_at,
            scopes=tuple(scope.split()),
            is_current=token == access_token_pk,
        )
        for public_id, name, created_at, last_used_at, scope, token in rows
    ]


def find_app_session(*, access_token_pk: int) -> AppSession | None:
    """Return the session that an access token is of."""
    families = RefreshToken.objects.filter(access_token=access_token_pk)
    return AppSession.objects.filter(family__in=families.values("token_family")).first()
