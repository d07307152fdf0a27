"""SMS through Twilio's Programmable Messaging.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from notifications.providers.base import Envelope, Outcome, Request, Response, Result
from notifications.providers.sms import sms_text

LONGEST_VALIDITY = 36_000
ANSWER_LENGTH = 300
CREATED = 201
TOO_MANY = 429
SERVER_ERRORS = 500
STOPPED = 21610
INVALID_NUMBER = (Result.PERMANENT, "address_invalid")
CREDENTIALS = (Result.RETRY, "credentials")
RATE_LIMITED = (Result.RETRY, "rate_limited")
# https://www.twilio.com/docs/api/errors
CODES = {
    21211: INVALID_NUMBER,
    21214: INVALID_NUMBER,
    21217: INVALID_NUMBER,
    21401: INVALID_NUMBER,
    21614: INVALID_NUMBER,
    30006: INVALID_NUMBER,
    STOPPED: (Result.PERMANENT, "stopped"),
    # No permission, or no route, to that country.
    21408: (Result.PERMANENT, "region_refused"),
    21612: (Result.PERMANENT, "region_refused"),
    20003: CREDENTIALS,
    20429: RATE_LIMITED,
    14107: RATE_LIMITED,
    21611: RATE_LIMITED,
}
STATUSES = {401: CREDENTIALS, 403: CREDENTIALS, TOO_MANY: RATE_LIMITED}

_signer = Signer(salt="notifications.twilio")


class TwilioProvider:
    """One account, from one number or messaging service."""

    def __init__(
        self, *, account_sid: str, auth_token: str, sender: str, url: str
    ) -> None:
        self._url = f"{url}/2010-04-01/Accounts/{account_sid}/Messages.json"
        secret = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._headers = [
            f"Authorization: Basic {secret}",
            "Content-Type: application/x-www-form-urlencoded",
        ]
        is_service = sender.startswith("MG")
        self._sender = {"MessagingServiceSid" if is_service else "From": sender}

    def prepare(self) -> Outcome | None:
        """Do nothing: the account's secret goes with each request."""
        return None

    def request(self, envelope: Envelope, now: datetime) -> Request:
        """Write the form; Twilio calls back when it knows what became of it."""
        seconds = int((envelope.expires_at - now).total_seconds())
        callback = reverse(
            "notifications:twilio-status", args=[token_of(envelope.message_id)]
        )
        form = {
            "To": envelope.address,
            **self._sender,
            "Body": sms_text(envelope),
            "StatusCallback": f"{settings.SITE_URL}{callback}",
            "ValidityPeriod": max(1, min(seconds, LONGEST_VALIDITY)),
        }
        return Request(self._url, self._headers, urlencode(form).encode(), is_once=True)

    def judge(self, envelope: Envelope, response: Response) -> Outcome:
        """Sort an answer by Twilio's error codes."""
        code, words = _read(response.body)
        if response.status == CREATED:
            return Outcome(Result.ACCEPTED, words[:ANSWER_LENGTH])
        answer = f"{response.status} {code}: {words}"[:ANSWER_LENGTH]
        known = CODES.get(code) or STATUSES.get(response.status)
        if known is None and response.status >= SERVER_ERRORS:
            known = (Result.RETRY, "provider_error")
        result, reason = known or (Result.PERMANENT, "payload_invalid")
        return Outcome(result, answer, reason, response.retry_after)


def _read(body: bytes) -> tuple[int, str]:
    """Return the error's code, and its text or the message's id."""
    try:
        said = json.loads(body)
        return int(said.get("code") or 0), str(said.get("message") or said.get("sid"))
    except (ValueError, TypeError, AttributeError):
        return 0, body[:100].decode(errors="replace")


def token_of(message_pk: int) -> str:
    """Return what a callback's address names a message by."""
    return _signer.sign(str(message_pk))


def message_of(token: str) -> int | None:
    """Return the message that a callback's address names, if we wrote it."""
    try:
        return int(_signer.unsign(token))
    except (BadSignature, ValueError):
        return None


def sign(auth_token: str, url: str, form: Iterable[tuple[str, list[str]]]) -> str:
    """Sign a webhook as https://www.twilio.com/docs/usage/security says."""
    signed = url + "".join(
        f"{name}{value}" for name, values in sorted(form) for value in sorted(values)
    )
    digest = hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
