"""Push to browsers: RFC 8030 (protocol), 8291 (encryption) and 8292 (who is sending).

Each browser maker runs a service of its own; a subscription says where.
"""

import json
import time
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from http_ece import encrypt

from notifications.endpoints import origin_of, see_is_plausible
from notifications.models import Priority
from notifications.providers.base import Envelope, Outcome, Request, Response, Result
from notifications.vapid import from_base64url, public_key_of, read_key, to_base64url

# A token holds for at most a day; its owner's clock may be wrong, and so may theirs.
TOKEN_SECONDS = 12 * 3600
RENEWED_BEFORE = 6 * 3600
# A browser has one service, but whoever subscribes writes its address.
MOST_TOKENS = 1000
# Four weeks; more is refused.
LONGEST_TTL = 2_419_200
LONGEST_TOPIC = 32
LARGEST_BODY = 4096
# Salt, record size, key id (RFC 8188, 2.1), the end of the text, and the seal.
OVERHEAD = 16 + 4 + 1 + 65 + 1 + 16
LARGEST_TEXT = LARGEST_BODY - OVERHEAD
# The longest that one character gets in JSON: an escape.
ESCAPE_SIZE = 6
ANSWER_LENGTH = 300
ACCEPTED = {200, 201, 202}
GONE = {404, 410}
SERVER_ERRORS = 500
STATUSES = {
    404: (Result.PERMANENT, "token_dead"),
    410: (Result.PERMANENT, "token_dead"),
    401: (Result.RETRY, "credentials"),
    403: (Result.RETRY, "credentials"),
    429: (Result.RETRY, "rate_limited"),
}


class WebPushProvider:
    """All browser makers' services, through one key pair of ours."""

    def __init__(self, *, key: str, contact: str) -> None:
        self._key = read_key(key)
        self._contact = contact
        self._public = public_key_of(key)
        # Of each origin: its token, and when there is to be another.
        self._tokens: dict[str, tuple[str, float]] = {}

    def prepare(self) -> Outcome | None:
        """Do nothing: tokens are signed for each service."""
        return None

    def request(self, envelope: Envelope, now: datetime) -> Request:
        """Encrypt for the one browser that can read it."""
        see_is_plausible(envelope.address)
        assert envelope.keys is not None
        p256dh, auth = envelope.keys
        body = encrypt(
            _payload(envelope),
            private_key=generate_private_key(SECP256R1()),
            dh=from_base64url(p256dh),
            auth_secret=from_base64url(auth),
        )
        is_urgent = envelope.subject.topic.priority != Priority.BULK
        seconds = int((envelope.expires_at - now).total_seconds())
        headers = [
            f"Authorization: {self._authorization(origin_of(envelope.address))}",
            f"TTL: {max(0, min(seconds, LONGEST_TTL))}",
            "Urgency: high" if is_urgent else "Urgency: low",
            f"Topic: {topic_of(envelope.subject.collapse)}",
            "Content-Encoding: aes128gcm",
            "Content-Type: application/octet-stream",
        ]
        return Request(envelope.address, headers, body, is_guarded=True)

    def judge(self, envelope: Envelope, response: Response) -> Outcome:
        """Sort an answer by RFC 8030 and what the services say beyond it."""
        words = response.body[:ANSWER_LENGTH].decode(errors="replace").strip()
        answer = f"{response.status} {words}".strip()[:ANSWER_LENGTH]
        if response.status in ACCEPTED:
            return Outcome(Result.ACCEPTED, answer)
        if response.status >= SERVER_ERRORS:
            result, reason = Result.RETRY, "provider_error"
        else:
            result, reason = STATUSES.get(
                response.status, (Result.PERMANENT, "payload_invalid")
            )
        return Outcome(
            result,
            answer,
            reason,
            response.retry_after,
            is_endpoint_dead=response.status in GONE,
        )

    def _authorization(self, origin: str) -> str:
        now = time.time()
        token, renewed_at = self._tokens.get(origin, ("", 0.0))
        if now >= renewed_at:
            if len(self._tokens) >= MOST_TOKENS:
                self._tokens.clear()
            token = self._sign(origin, expires_at=int(now) + TOKEN_SECONDS)
            self._tokens[origin] = (token, now + TOKEN_SECONDS - RENEWED_BEFORE)
        return f"vapid t={token}, k={self._public}"

    def _sign(self, origin: str, *, expires_at: int) -> str:
        header = _encode({"typ": "JWT", "alg": "ES256"})
        claims = _encode({"aud": origin, "exp": expires_at, "sub": self._contact})
        signed = f"{header}.{claims}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ECDSA(SHA256())))
        return f"{signed}.{to_base64url(r.to_bytes(32) + s.to_bytes(32))}"


def topic_of(collapse: str) -> str:
    """Return what a service may call a subject by; it need not know what it is."""
    return to_base64url(sha256(collapse.encode()).digest())[:LONGEST_TOPIC]


def _payload(envelope: Envelope) -> bytes:
    """Write what the page's service worker shows; a long body is shortened."""
    shown = {
        "title": envelope.title,
        "body": envelope.body,
        "url": envelope.url,
        "message_id": str(envelope.message_id),
        "tag": envelope.subject.collapse,
        **envelope.subject.data,
    }
    payload = _json(shown)
    body = envelope.body
    while len(payload) > LARGEST_TEXT and body:
        excess = len(payload) - LARGEST_TEXT
        body = body[: -max(1, excess // ESCAPE_SIZE)]
        shown["body"] = f"{body.rstrip()}…"
        payload = _json(shown)
    return payload


def _json(content: dict[str, str]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _encode(claims: dict[str, object]) -> str:
    return to_base64url(json.dumps(claims, separators=(",", ":")).encode())
