"""Tokens with which other systems publish events."""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.db.models import Q
from django.utils import timezone

from notifications.models import ServiceToken

MARK = "tiffin_"
PREFIX_LENGTH = 12
# How exactly it is known when a token was used last.
RESOLUTION = timedelta(minutes=1)


def issue_service_token(*, name: str) -> tuple[ServiceToken, str]:
    """Make a token; return it and its secret, which cannot be had again."""
    secret = MARK + secrets.token_urlsafe(32)
    token = ServiceToken.objects.create(
        name=name, prefix=secret[:PREFIX_LENGTH], digest=_digest(secret)
    )
    return token, secret


def use_service_token(*, secret: str) -> ServiceToken | None:
    """Return the token of a secret unless it is revoked; note that it was used."""
    token = ServiceToken.objects.filter(
        digest=_digest(secret), revoked_at__isnull=True
    ).first()
    if token is None:
        return None
    now = timezone.now()
    ServiceToken.objects.filter(pk=token.pk).filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - RESOLUTION)
    ).update(last_used_at=now)
    return token


def revoke_service_tokens(*, token_pks: list[int]) -> int:
    """Let these tokens open nothing any more; return how many did until now."""
    return ServiceToken.objects.filter(
        pk__in=token_pks, revoked_at__isnull=True
    ).update(revoked_at=timezone.now())


def _digest(secret: str) -> str:
    return sha256(secret.encode(errors="surrogateescape")).hexdigest()
