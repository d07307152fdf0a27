"""Firebase Cloud Messaging, HTTP v1.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
"""

import json
from datetime import datetime
from json.encoder import encode_basestring_ascii as quote
from typing import Any

import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request as AuthRequest
from google.oauth2.service_account import Credentials

from notifications.models import Priority
from notifications.providers.base import (
    Envelope,
    Outcome,
    Request,
    Response,
    Result,
    Subject,
)

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
# Four weeks; more is refused.
LONGEST_TTL = 2_419_200
ANSWER_LENGTH = 300
OK = 200
UNAUTHORIZED = 401
TOO_MANY = 429
# What Google asks for where an answer does not say.
DEFAULT_WAIT = 60.0
SERVER_ERROR = (Result.RETRY, "provider_error")
# FCM's own code where there is one, else the HTTP status.
CODES = {
    "UNREGISTERED": (Result.PERMANENT, "token_dead"),
    "INVALID_ARGUMENT": (Result.PERMANENT, "payload_invalid"),
    "SENDER_ID_MISMATCH": (Result.PERMANENT, "wrong_project"),
    "THIRD_PARTY_AUTH_ERROR": (Result.RETRY, "credentials"),
    "QUOTA_EXCEEDED": (Result.RETRY, "rate_limited"),
}
STATUSES = {
    400: (Result.PERMANENT, "payload_invalid"),
    401: (Result.RETRY, "credentials"),
    403: (Result.RETRY, "credentials"),
    404: (Result.PERMANENT, "wrong_project"),
    413: (Result.PERMANENT, "payload_invalid"),
    429: (Result.RETRY, "rate_limited"),
}


class FcmProvider:
    """One Firebase project, through a service account."""

    def __init__(
        self, *, service_account: dict[str, Any], url: str, ca_bundle: str
    ) -> None:
        project = service_account["project_id"]
        self._url = f"{url}/v1/projects/{project}/messages:send"
        self._credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            service_account, scopes=[SCOPE]
        )
        self._session = requests.Session()
        if ca_bundle:
            self._session.verify = ca_bundle
            # Or the environment's bundle would win.
            self._session.trust_env = False
        self._headers: list[str] = []

    def prepare(self) -> Outcome | None:
        """Fetch a token where the last one is old; say so when that fails."""
        if self._headers and self._credentials.valid:
            return None
        try:
            self._credentials.refresh(AuthRequest(self._session))
        except (GoogleAuthError, requests.RequestException) as error:
            self._headers = []
            return Outcome(Result.RETRY, str(error)[:ANSWER_LENGTH], "credentials")
        self._headers = [
            f"Authorization: Bearer {self._credentials.token}",
            "Content-Type: application/json",
        ]
        return None

    def request(self, envelope: Envelope, now: datetime) -> Request:
        seconds = int((envelope.expires_at - now).total_seconds())
        ttl = max(0, min(seconds, LONGEST_TTL))
        subject = envelope.subject
        key = ("fcm", envelope.title, envelope.body, ttl)
        common = subject.prepared.get(key)
        if common is None:
            common = subject.prepared[key] = _common(envelope, subject, ttl)
        token, url = quote(envelope.address), quote(envelope.url)
        head = (
            f'{{"message":{{"token":{token},'
            f'"data":{{"message_id":"{envelope.message_id}","url":{url},'
        )
        return Request(self._url, self._headers, head.encode() + common)

    def judge(self, envelope: Envelope, response: Response) -> Outcome:
        """Sort an answer by Google's table of error codes."""
        if response.status == OK:
            name = response.body[-64:].decode(errors="replace")
            return Outcome(Result.ACCEPTED, name.rpartition("/")[2].strip('"} \n'))
        status, code, message = _read_error(response.body)
        if response.status == UNAUTHORIZED:
            # It may have been withdrawn: the next batch fetches another.
            self._headers = []
        result, reason = CODES.get(code) or STATUSES.get(response.status, SERVER_ERROR)
        if code == "INVALID_ARGUMENT" and "registration token" in message:
            reason = "token_dead"
        wait = response.retry_after
        if response.status == TOO_MANY and wait is None:
            wait = DEFAULT_WAIT
        return Outcome(
            result,
            f"{response.status} {code or status}: {message}"[:ANSWER_LENGTH],
            reason,
            wait,
            is_endpoint_dead=reason == "token_dead",
        )


def _common(envelope: Envelope, subject: Subject, ttl: int) -> bytes:
    """Write what is the same for all who read the same words."""
    is_urgent = subject.topic.priority != Priority.BULK
    android: dict[str, object] = {
        "priority": "HIGH" if is_urgent else "NORMAL",
        "ttl": f"{ttl}s",
        "notification": {"tag": subject.collapse},
    }
    if subject.topic.collapse:
        android["collapse_key"] = subject.topic.name
    parts = {
        "notification": {"title": envelope.title, "body": envelope.body},
        "android": android,
        "apns": {
            "headers": {
                "apns-priority": "10" if is_urgent else "5",
                "apns-collapse-id": subject.collapse[:64],
                "apns-expiration": str(_unix(envelope.expires_at)),
            }
        },
    }
    # The rest of the data, which each message begins with what is its own.
    return f"{_json(subject.data)[1:]},{_json(parts)[1:]}}}".encode()


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _unix(moment: datetime) -> int:
    return int(moment.timestamp())


def _read_error(body: bytes) -> tuple[str, str, str]:
    """Return Google's status, FCM's own code and the message."""
    try:
        error = json.loads(body)["error"]
        details = error.get("details", [])
        codes = [d["errorCode"] for d in details if "errorCode" in d]
        return (
            str(error.get("status", "")),
            codes[0] if codes else "",
            str(error.get("message", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", "", body[:100].decode(errors="replace")
