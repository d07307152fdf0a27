"""Ids for the world outside: of a row's key, yet nobody can guess one or count rows.

A row's kind and key make one block that is encrypted with a key of the site's own (AES
as a pseudo-random permutation); an id that was not made here decrypts to another kind.
"""

import hashlib
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from django.conf import settings

HALF = 8
LARGEST_PK = 2**63 - 1


def opaque_id(kind: str, pk: int) -> UUID:
    """Return the id of a row; the same for the same kind and key."""
    block = _tag(kind) + pk.to_bytes(HALF)
    return UUID(bytes=_cipher(settings.ID_KEY).encryptor().update(block))


def pk_of(kind: str, public_id: UUID) -> int | None:
    """Return the key of the row with this id; None for an id of nothing."""
    block = _cipher(settings.ID_KEY).decryptor().update(public_id.bytes)
    pk = int.from_bytes(block[HALF:])
    return pk if block[:HALF] == _tag(kind) and pk <= LARGEST_PK else None


def seal(words: bytes) -> bytes:
    """Return words that only this site can read again; the same words look the same."""
    return _siv(settings.ID_KEY).encrypt(words, None)


def unseal(sealed: bytes) -> bytes:
    """Return what was sealed; ValueError for what was not sealed here (RFC 5297)."""
    try:
        return _siv(settings.ID_KEY).decrypt(sealed, None)
    except InvalidTag as error:
        raise ValueError("not sealed here") from error


@lru_cache(maxsize=4)
def _siv(key: str) -> AESSIV:
    return AESSIV(hashlib.sha512(f"sealed:{key}".encode()).digest())


@lru_cache(maxsize=4)
def _cipher(key: str) -> "Cipher[ECB]":
    # One block a key: there is nothing for a mode to hide.
    return Cipher(AES(hashlib.sha256(f"ids:{key}".encode()).digest()), ECB())  # noqa: S305


@lru_cache(maxsize=64)
def _tag(kind: str) -> bytes:
    return hashlib.sha256(kind.encode()).digest()[:HALF]
