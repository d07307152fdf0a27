"""The key pair by which browsers' push services know this site (RFC 8292)."""

import base64
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)


def read_key(text: str) -> EllipticCurvePrivateKey:
    """Read a private key as PEM or, as browsers' tools print it, base64url."""
    if "-----BEGIN" not in text:
        return derive_private_key(int.from_bytes(from_base64url(text)), SECP256R1())
    key = load_pem_private_key(text.encode(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


@cache
def public_key_of(text: str) -> str:
    """Return the public half of such a key as pages give it to the browser."""
    public = read_key(text).public_key()
    return to_base64url(
        public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )


def to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    # Some browsers' libraries write the other alphabet, with or without padding.
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
