"""JSON Web Tokens, as Google, Apple and the push services are shown them."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

PARTS = 3
HALF = 32

Json = dict[str, Any]
Check = Callable[[bytes, bytes], None]


class TokenError(Exception):
    """The token is not one, or somebody else signed it."""


def base64url(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise TokenError("It is not base64url.") from error


def read_token(token: str, algorithm: str, check: Check) -> tuple[Json, Json]:
    """Return header and claims of a token that `check` finds rightly signed."""
    parts = token.split(".")
    if len(parts) != PARTS:
        raise TokenError("It does not have three parts.")
    header, claims = _json(parts[0]), _json(parts[1])
    if header.get("alg") != algorithm:
        raise TokenError(f"It is not signed with {algorithm}.")
    try:
        check(base64url(parts[2]), f"{parts[0]}.{parts[1]}".encode())
    except InvalidSignature as error:
        raise TokenError("The signature is not right.") from error
    return header, claims


def _json(part: str) -> Json:
    try:
        value = json.loads(base64url(part))
    except ValueError as error:
        raise TokenError("It is not JSON.") from error
    if not isinstance(value, dict):
        raise TokenError("It is not an object.")
    return value


def rs256(key: rsa.RSAPublicKey) -> Check:
    def check(signature: bytes, signed: bytes) -> None:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())

    return check


def es256(key: ec.EllipticCurvePublicKey) -> Check:
    def check(signature: bytes, signed: bytes) -> None:
        if len(signature) != 2 * HALF:
            raise InvalidSignature
        r, s = (
            int.from_bytes(half, "big") for half in (signature[:HALF], signature[HALF:])
        )
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))

    return check


def number(claims: Json, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenError(f"Its {name} is not a number.")
    return float(value)
