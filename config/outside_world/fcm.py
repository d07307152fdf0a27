"""Firebase Cloud Messaging, HTTP v1, and the place where its access tokens come from.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send
"""

import json
import secrets
from time import time
from typing import Any
from urllib.parse import parse_qs

from config.outside_world.faults import Faults
from config.outside_world.keys import PROJECT, Accounts
from config.outside_world.ledger import Content, Ledger, Sent, object_of, text_of
from config.outside_world.requests import (
    BAD_REQUEST,
    FORBIDDEN,
    JSON_TYPE,
    METHOD_NOT_ALLOWED,
    MOST_PAYLOAD,
    NOT_FOUND,
    OK,
    SERVER_ERROR,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Answer,
    Request,
    as_json,
    retry_header,
)
from config.outside_world.tokens import TokenError, number, read_token, rs256

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# What google-auth writes as audience, wherever the account says that tokens are.
GOOGLE = "https://oauth2.googleapis.com/token"
SCOPES = {
    "https://www.googleapis.com/auth/firebase.messaging",
    "https://www.googleapis.com/auth/cloud-platform",
}
TOKEN_SECONDS = 3600
CLOCK_SECONDS = 300
TYPES = "type.googleapis.com/"
SEND = f"/v1/projects/{PROJECT}/messages:send"

STATUSES = {
    TOO_MANY: ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Quota exceeded for quota."),
    SERVER_ERROR: ("INTERNAL", "INTERNAL", "Internal error encountered."),
    UNAVAILABLE: (
        "UNAVAILABLE",
        "UNAVAILABLE",
        "The service is currently unavailable.",
    ),
}

Json = dict[str, Any]


class RefusedError(Exception):
    def __init__(self, status: int, state: str, text: str, *details: Json) -> None:
        super().__init__(text)
        self.answer = _error(status, state, text, *details)


class Fcm:
    name = "fcm"

    def __init__(self, accounts: Accounts, faults: Faults, ledger: Ledger) -> None:
        self.account = accounts.service_account
        self.check = rs256(accounts.google_key)
        self.faults = faults
        self.ledger = ledger
        self.tokens: dict[str, float] = {}
        # Unlike those of an earlier run of the program.
        self.run = secrets.randbits(40)

    def answer(self, request: Request) -> Answer:
        try:
            self._see_authorized(request)
            message, is_trial = _message(request.body)
            endpoint = _endpoint(message)
            _see_known(endpoint)
        except RefusedError as refused:
            return refused.answer
        name = f"projects/{PROJECT}/messages/0:{self.run}%{self.ledger.next:x}"
        if not is_trial:
            self.ledger.add(self.name, endpoint, name, request.body, {})
        return OK, [JSON_TYPE], b'{"name": "%s"}' % name.encode()

    def refuse(self, status: int, retry_after: int | None) -> Answer:
        state, code, text = STATUSES[status]
        status, headers, body = _error(status, state, text, _fcm_error(code))
        return status, headers + retry_header(retry_after), body

    def read(self, sent: Sent) -> Content:
        message = object_of(sent.body).get("message", {})
        android = _part(message, "android")
        shown = {**_part(message, "notification"), **_part(android, "notification")}
        values = _part(message, "data")
        return Content(
            message_id=text_of(values.get("message_id")) or sent.message_id,
            collapse=text_of(android.get("collapse_key") or shown.get("tag")),
            title=text_of(shown.get("title") or values.get("title")),
            text=text_of(shown.get("body") or values.get("body")),
            headers={
                key: android[key] for key in ("priority", "ttl") if key in android
            },
        )

    def revoke(self) -> None:
        """Forget all access tokens, as if their hour were over."""
        self.tokens.clear()

    def grant(self, request: Request) -> Answer:
        """Change a service account's signed assertion for an access token."""
        form = parse_qs(request.body.decode(errors="replace"))
        if form.get("grant_type") != [GRANT]:
            return _no_grant("unsupported_grant_type", "Invalid grant_type: ")
        try:
            header, claims = read_token(
                form.get("assertion", [""])[0], "RS256", self.check
            )
            self._see_claims(header, claims)
        except TokenError as error:
            return _no_grant("invalid_grant", f"Invalid JWT: {error}")
        if not SCOPES & set(text_of(claims.get("scope")).split()):
            return _no_grant(
                "invalid_scope", "Invalid OAuth scope or ID token audience."
            )
        token = "ya29." + secrets.token_urlsafe(96)
        self.tokens[token] = time() + TOKEN_SECONDS
        return as_json(
            OK,
            {
                "access_token": token,
                "expires_in": TOKEN_SECONDS,
                "token_type": "Bearer",
            },
        )

    def _see_claims(self, header: Json, claims: Json) -> None:
        now = time()
        if (
            header.get("kid", self.account["private_key_id"])
            != (self.account["private_key_id"])
        ):
            raise TokenError("The key is not known.")
        if claims.get("iss") != self.account["client_email"]:
            raise TokenError("The account is not known.")
        if claims.get("aud") not in (GOOGLE, self.account["token_uri"]):
            raise TokenError("It is for somebody else.")
        issued, expires = number(claims, "iat"), number(claims, "exp")
        is_short = expires - issued <= TOKEN_SECONDS
        if not is_short or expires < now or issued > now + CLOCK_SECONDS:
            raise TokenError(
                "Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim."
            )

    def _see_authorized(self, request: Request) -> None:
        if request.path != SEND:
            self._see_token(request)
            raise _wrong_path(request.path)
        if request.scope.method != "POST":
            raise RefusedError(METHOD_NOT_ALLOWED, "UNIMPLEMENTED", "Use POST.")
        self._see_token(request)

    def _see_token(self, request: Request) -> None:
        token = request.header("authorization").removeprefix("Bearer ")
        is_expired = self.faults.credentials == "expired"
        if is_expired or self.tokens.get(token, 0) < time():
            raise RefusedError(
                UNAUTHORIZED,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 "
                "access token, login cookie or other valid authentication credential.",
                {
                    "@type": TYPES + "google.rpc.ErrorInfo",
                    "reason": "ACCESS_TOKEN_EXPIRED",
                    "domain": "googleapis.com",
                },
            )


def _message(body: bytes) -> tuple[Json, bool]:
    try:
        asked = json.loads(body)
        message = asked["message"]
    except (ValueError, KeyError, TypeError) as error:
        raise _bad_field("message", "Invalid JSON payload received.") from error
    if not isinstance(message, dict):
        raise _bad_field("message", "Invalid value at 'message'.")
    _see_texts(_part(message, "data"))
    if len(body) > MOST_PAYLOAD and _size(message) > MOST_PAYLOAD:
        raise _bad_field("message", "Message is too big.")
    return message, asked.get("validate_only") is True


def _see_texts(values: Json) -> None:
    for key, value in values.items():
        if type(value) is not str:
            raise _bad_field(
                f"message.data[{key}].value",
                f"Invalid value at 'message.data[{key}].value' (TYPE_STRING).",
            )


def _size(message: Json) -> int:
    counted = {key: message.get(key) for key in ("data", "notification")}
    return len(json.dumps(counted, ensure_ascii=False, separators=(",", ":")).encode())


def _endpoint(message: Json) -> str:
    token = message.get("token")
    if type(token) is str and token:
        return token
    topic = message.get("topic") or message.get("condition")
    if type(topic) is str and topic:
        return f"/topics/{topic}"
    raise _bad_field("message", "Recipient of the message is not set.")


def _see_known(endpoint: str) -> None:
    if endpoint.startswith("dead-"):
        raise RefusedError(
            NOT_FOUND,
            "NOT_FOUND",
            "Requested entity was not found.",
            _fcm_error("UNREGISTERED"),
        )
    if endpoint.startswith("invalid-"):
        raise RefusedError(
            BAD_REQUEST,
            "INVALID_ARGUMENT",
            "The registration token is not a valid FCM registration token",
            _fcm_error("INVALID_ARGUMENT"),
        )
    if endpoint.startswith("mismatch-"):
        raise RefusedError(
            FORBIDDEN,
            "PERMISSION_DENIED",
            "SenderId mismatch",
            _fcm_error("SENDER_ID_MISMATCH"),
        )


def _part(message: Json, name: str) -> Json:
    value = message.get(name)
    return value if isinstance(value, dict) else {}


def _wrong_path(path: str) -> RefusedError:
    if path.startswith("/v1/projects/") and path.endswith("/messages:send"):
        return RefusedError(
            FORBIDDEN,
            "PERMISSION_DENIED",
            "Permission 'cloudmessaging.messages.create' denied on resource "
            f"'{path.removeprefix('/v1/').removesuffix('/messages:send')}' "
            "(or it may not exist).",
        )
    return RefusedError(NOT_FOUND, "NOT_FOUND", "The requested URL was not found.")


def _bad_field(field: str, text: str) -> RefusedError:
    return RefusedError(
        BAD_REQUEST,
        "INVALID_ARGUMENT",
        text,
        _fcm_error("INVALID_ARGUMENT"),
        {
            "@type": TYPES + "google.rpc.BadRequest",
            "fieldViolations": [{"field": field, "description": text}],
        },
    )


def _fcm_error(code: str) -> Json:
    return {
        "@type": TYPES + "google.firebase.fcm.v1.FcmError",
        "errorCode": code,
    }


def _error(status: int, state: str, text: str, *details: Json) -> Answer:
    error: Json = {"code": status, "message": text, "status": state}
    if details:
        error["details"] = list(details)
    return as_json(status, {"error": error})


def _no_grant(error: str, text: str) -> Answer:
    return as_json(BAD_REQUEST, {"error": error, "error_description": text})
