"""A browser maker's push service, and the browsers behind it.

RFC 8030 (protocol), 8188 and 8291 (encryption), 8292 (who is sending).
"""

import base64
import hashlib
import re
from functools import lru_cache
from time import time
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_ece import ECEException, decrypt

from config.outside_world.faults import Faults
from config.outside_world.ledger import Content, Ledger, Sent, object_of, text_of
from config.outside_world.requests import (
    BAD_REQUEST,
    CREATED,
    FORBIDDEN,
    GONE,
    METHOD_NOT_ALLOWED,
    MOST_PAYLOAD,
    NOT_FOUND,
    SERVER_ERROR,
    TOO_LARGE,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Answer,
    Request,
    as_json,
    retry_header,
)
from config.outside_world.tokens import (
    TokenError,
    base64url,
    es256,
    number,
    read_token,
)

PATH = "/push/"
DAY = 24 * 3600
CLOCK_SECONDS = 60
# Salt, record size, length of the key id and an uncompressed point (RFC 8188, 2.1).
KEY_LENGTH_AT = 20
POINT_SIZE = 65
SMALLEST_BODY = KEY_LENGTH_AT + 1 + POINT_SIZE + 17
CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
URGENCIES = ("", "very-low", "low", "normal", "high")
NOTED = ("ttl", "urgency", "topic")
TEXTS = {
    TOO_MANY: "Too many messages",
    SERVER_ERROR: "Internal server error",
    UNAVAILABLE: "Service unavailable",
}

is_topic = re.compile(r"[A-Za-z0-9_-]{0,32}").fullmatch
is_ttl = re.compile(r"[0-9]{1,10}").fullmatch
vapid_of = re.compile(r"vapid\s+(.*)", re.IGNORECASE).fullmatch


class RefusedError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class WebPush:
    name = "webpush"

    def __init__(self, faults: Faults, ledger: Ledger) -> None:
        self.faults = faults
        self.ledger = ledger
        # Until when a token, its key and the origin asked at go together.
        self.verified: dict[tuple[str, str, str], float] = {}

    def answer(self, request: Request) -> Answer:
        name = request.path.removeprefix(PATH)
        try:
            self._see_allowed(request)
            _see_headers(request)
            _see_body(request.body)
            _see_subscribed(name)
        except RefusedError as refused:
            return _error(refused.status, str(refused))
        headers = {each: request.header(each) for each in NOTED}
        message_id = uuid4().hex
        self.ledger.add(self.name, name, message_id, request.body, headers)
        location = f"{request.origin()}/push-messages/{message_id}"
        return CREATED, [("location", location), ("ttl", headers["ttl"])], b""

    def refuse(self, status: int, retry_after: int | None) -> Answer:
        return _error(status, TEXTS[status], *retry_header(retry_after))

    def read(self, sent: Sent) -> Content:
        """Decrypt as the browser would; it throws away what it cannot read."""
        noted: dict[str, Any] = {
            name: sent.headers[name] for name in NOTED if sent.headers[name]
        }
        try:
            plain = decrypt(
                sent.body,
                private_key=private_key(sent.endpoint),
                auth_secret=auth_secret(sent.endpoint),
            )
        except (ECEException, ValueError) as error:
            plain = b""
            noted["error"] = f"It cannot be decrypted: {error}"
        shown = object_of(plain)
        if isinstance(shown.get("notification"), dict):
            shown = {**shown, **shown["notification"]}
        return Content(
            message_id=text_of(shown.get("message_id")) or sent.message_id,
            collapse=text_of(sent.headers["topic"] or shown.get("tag")),
            title=text_of(shown.get("title")),
            text=text_of(shown.get("body")) or (plain.decode() if not shown else ""),
            headers=noted,
        )

    def _see_allowed(self, request: Request) -> None:
        if request.scope.method != "POST":
            raise RefusedError(METHOD_NOT_ALLOWED, "Use POST")
        given = vapid_of(request.header("authorization"))
        if given is None:
            raise RefusedError(UNAUTHORIZED, "Missing VAPID authorization")
        pairs = (part.strip().partition("=") for part in given[1].split(","))
        values = {name: value.strip('"') for name, _, value in pairs}
        proof = (values.get("t", ""), values.get("k", ""), request.origin())
        if self.faults.credentials == "expired":
            raise RefusedError(FORBIDDEN, "The VAPID token is over")
        try:
            if self.verified.get(proof, 0) < time():
                self.verified[proof] = _verified_until(*proof)
        except TokenError as error:
            raise RefusedError(FORBIDDEN, f"Invalid VAPID token: {error}") from error


def _verified_until(token: str, key: str, origin: str) -> float:
    point = base64url(key)
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise TokenError("k is not a point on P-256.") from error
    _, claims = read_token(token, "ES256", es256(public))
    expires, now = number(claims, "exp"), time()
    if claims.get("aud") != origin:
        raise TokenError(f"aud is not {origin}.")
    if not now < expires <= now + DAY + CLOCK_SECONDS:
        raise TokenError("exp is over, or more than 24 hours from now.")
    return expires


def _see_headers(request: Request) -> None:
    if not is_ttl(request.header("ttl")):
        raise RefusedError(BAD_REQUEST, "Missing or invalid TTL")
    if request.header("content-encoding").lower() != "aes128gcm":
        raise RefusedError(BAD_REQUEST, "Content-Encoding is not aes128gcm")
    if request.header("urgency") not in URGENCIES:
        raise RefusedError(BAD_REQUEST, "Invalid Urgency")
    if not is_topic(request.header("topic")):
        raise RefusedError(BAD_REQUEST, "Invalid Topic")


def _see_body(body: bytes) -> None:
    if len(body) > MOST_PAYLOAD:
        raise RefusedError(TOO_LARGE, "Message too large")
    if len(body) < SMALLEST_BODY or body[KEY_LENGTH_AT] != POINT_SIZE:
        raise RefusedError(BAD_REQUEST, "The body is not aes128gcm")


def _see_subscribed(name: str) -> None:
    if name.startswith("gone-"):
        raise RefusedError(GONE, "The subscription has ended")
    if not name or name.startswith("dead-"):
        raise RefusedError(NOT_FOUND, "There is no such subscription")


@lru_cache(maxsize=10_000)
def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """Return the same key for a name at every start; it keeps no secret."""
    digest = hashlib.sha256(b"p256dh " + name.encode()).digest()
    return ec.derive_private_key(
        int.from_bytes(digest, "big") % (CURVE_ORDER - 1) + 1, ec.SECP256R1()
    )


def auth_secret(name: str) -> bytes:
    return hashlib.sha256(b"auth " + name.encode()).digest()[:16]


def subscription(name: str, origin: str) -> dict[str, Any]:
    point = (
        private_key(name)
        .public_key()
        .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    return {
        "endpoint": f"{origin}{PATH}{name}",
        "expirationTime": None,
        "keys": {"p256dh": _unpadded(point), "auth": _unpadded(auth_secret(name))},
    }


def _unpadded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _error(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    return as_json(status, {"code": status, "message": text}, *headers)
