"""Apple Push Notification service, token authentication.

https://developer.apple.com/documentation/usernotifications
"""

import base64
import json
import time
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifications.models import Priority
from notifications.models.messages import public_id_of
from notifications.providers.base import Envelope, Outcome, Request, Response, Result

# Apple refuses a token older than an hour, and too many new ones: all processes sign
# the same one for 40 minutes, since the signature is deterministic (RFC 6979).
TOKEN_SECONDS = 2400
LONGEST_COLLAPSE_ID = 64
# Apple asks for this long a rest after its own faults.
REST_SECONDS = 15 * 60
OK = 200
GONE = 410
SERVER_ERRORS = 500
# What is not here, and no fault of the server's, is a fault of our payload.
REASONS = {
    "Unregistered": (Result.PERMANENT, "token_dead"),
    "ExpiredToken": (Result.PERMANENT, "token_dead"),
    # It may as well be the wrong environment: the token is not to blame.
    "BadDeviceToken": (Result.PERMANENT, "token_refused"),
    "DeviceTokenNotForTopic": (Result.PERMANENT, "token_refused"),
    "ExpiredProviderToken": (Result.RETRY, "credentials"),
    "InvalidProviderToken": (Result.RETRY, "credentials"),
    "MissingProviderToken": (Result.RETRY, "credentials"),
    "TooManyProviderTokenUpdates": (Result.RETRY, "credentials"),
    "TooManyRequests": (Result.RETRY, "rate_limited"),
}


class ApnsProvider:
    """One app, through one team's signing key."""

    def __init__(
        self, *, key: str, key_id: str, team_id: str, topic: str, url: str
    ) -> None:
        private_key = load_pem_private_key(key.encode(), password=None)
        assert isinstance(private_key, EllipticCurvePrivateKey)
        self._key = private_key
        self._key_id = key_id
        self._team_id = team_id
        self._topic = topic
        self._url = f"{url}/3/device/"
        self._issued_at = 0
        self._headers: list[str] = []

    def prepare(self) -> Outcome | None:
        """Sign a token where the last one is old."""
        issued_at = int(time.time()) // TOKEN_SECONDS * TOKEN_SECONDS
        if issued_at != self._issued_at:
            self._issued_at = issued_at
            self._headers = [
                f"authorization: bearer {self._sign(issued_at)}",
                f"apns-topic: {self._topic}",
                "apns-push-type: alert",
                "content-type: application/json",
            ]
        return None

    def _sign(self, issued_at: int) -> str:
        header = _encode({"alg": "ES256", "kid": self._key_id})
        claims = _encode({"iss": self._team_id, "iat": issued_at})
        signed = f"{header}.{claims}"
        r, s = decode_dss_signature(
            self._key.sign(signed.encode(), ECDSA(SHA256(), deterministic_signing=True))
        )
        return f"{signed}.{_base64url(r.to_bytes(32) + s.to_bytes(32))}"

    def request(self, envelope: Envelope, now: datetime) -> Request:
        subject = envelope.subject
        key = ("apns", envelope.title, envelope.body)
        common = subject.prepared.get(key)
        if common is None:
            alert = {"title": envelope.title, "body": envelope.body}
            text = json.dumps(
                {"aps": {"alert": alert, "sound": "default"}, **subject.data},
                ensure_ascii=False,
                separators=(",", ":"),
            )
            common = subject.prepared[key] = text[:-1].encode()
        own = (
            f',"message_id":"{envelope.message_id}","url":{json.dumps(envelope.url)}}}'
        )
        is_urgent = subject.topic.priority != Priority.BULK
        headers = [
            *self._headers,
            f"apns-id: {public_id_of(envelope.message_id)}",
            f"apns-expiration: {int(envelope.expires_at.timestamp())}",
            "apns-priority: 10" if is_urgent else "apns-priority: 5",
            f"apns-collapse-id: {subject.collapse[:LONGEST_COLLAPSE_ID]}",
        ]
        return Request(self._url + envelope.address, headers, common + own.encode())

    def judge(self, envelope: Envelope, response: Response) -> Outcome:
        """Sort an answer by Apple's table of reasons."""
        if response.status == OK:
            return Outcome(Result.ACCEPTED, "200")
        reason, since = _read_error(response.body)
        answer = f"{response.status} {reason}"
        if response.status >= SERVER_ERRORS:
            wait = response.retry_after or REST_SECONDS
            return Outcome(Result.RETRY, answer, "provider_error", wait)
        result, why = REASONS.get(reason, (Result.PERMANENT, "payload_invalid"))
        return Outcome(
            result,
            answer,
            why,
            response.retry_after,
            is_endpoint_dead=response.status == GONE and why == "token_dead",
            dead_since=since,
        )


def _read_error(body: bytes) -> tuple[str, datetime | None]:
    try:
        error = json.loads(body)
        at = error.get("timestamp")
        since = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
        return str(error.get("reason", "")), since
    except (ValueError, TypeError, AttributeError, OverflowError):
        return body[:100].decode(errors="replace"), None


def _encode(claims: dict[str, object]) -> str:
    return _base64url(json.dumps(claims, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
