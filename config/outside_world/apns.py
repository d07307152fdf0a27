"""Apple Push Notification service.

https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

import re
from time import time
from typing import Any
from uuid import UUID, uuid4

from config.outside_world.faults import Faults
from config.outside_world.keys import TOPIC, Accounts
from config.outside_world.ledger import Content, Ledger, Sent, object_of, text_of
from config.outside_world.requests import (
    BAD_REQUEST,
    FORBIDDEN,
    GONE,
    METHOD_NOT_ALLOWED,
    MOST_PAYLOAD,
    NOT_FOUND,
    OK,
    SERVER_ERROR,
    TOO_LARGE,
    TOO_MANY,
    UNAVAILABLE,
    Answer,
    Request,
    as_json,
    retry_header,
)
from config.outside_world.tokens import TokenError, es256, number, read_token

PATH = "/3/device/"
TEAM_TOPICS = TOPIC.rpartition(".")[0] + "."
TOKEN_SECONDS = 3600
CLOCK_SECONDS = 60
MOST_COLLAPSE = 64
PUSH_TYPES = {
    "": "",
    "alert": "",
    "background": "",
    "controls": "",
    "location": ".location-query",
    "voip": ".voip",
    "complication": ".complication",
    "fileprovider": ".pushkit.fileprovider",
    "mdm": "",
    "liveactivity": ".push-type.liveactivity",
    "pushtotalk": ".voip-ptt",
    "widgets": ".push-type.widgets",
}
PRIORITIES = ("", "1", "5", "10")
NOTED = (
    "apns-collapse-id",
    "apns-expiration",
    "apns-priority",
    "apns-push-type",
    "apns-topic",
)
HTTP_VERSION_NOT_SUPPORTED = 505
REASONS = {
    TOO_MANY: "TooManyRequests",
    SERVER_ERROR: "InternalServerError",
    UNAVAILABLE: "ServiceUnavailable",
}

is_device = re.compile(r"[0-9a-fA-F]{64,200}").fullmatch
is_time = re.compile(r"[0-9]{0,12}").fullmatch


class RefusedError(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Apns:
    name = "apns"

    def __init__(self, accounts: Accounts, faults: Faults, ledger: Ledger) -> None:
        self.team_id = accounts.team_id
        self.key_id = accounts.key_id
        self.check = es256(accounts.apns_key)
        self.faults = faults
        self.ledger = ledger
        self.issued: dict[str, float] = {}

    def answer(self, request: Request) -> Answer:
        # The real one does not even agree on HTTP/1.1 with the client's TLS.
        if not request.scope.http_version.startswith("2"):
            return HTTP_VERSION_NOT_SUPPORTED, [], b"HTTP/2 only"
        headers: dict[str, str] = dict(request.headers.items())
        apns_id = headers.get("apns-id") or str(uuid4()).upper()
        device = request.path.removeprefix(PATH)
        try:
            self._see_well_formed(request, headers, device)
            self._see_registered(device)
        except RefusedError as refused:
            return self._refusal(refused, apns_id)
        noted = {name: headers[name] for name in NOTED if name in headers}
        self.ledger.add(self.name, device, apns_id, request.body, noted)
        return OK, [("apns-id", apns_id)], b""

    def refuse(self, status: int, retry_after: int | None) -> Answer:
        return as_json(status, {"reason": REASONS[status]}, *retry_header(retry_after))

    def read(self, sent: Sent) -> Content:
        aps = object_of(sent.body).get("aps", {})
        alert = aps.get("alert", "") if isinstance(aps, dict) else ""
        if not isinstance(alert, dict):
            alert = {"body": alert}
        return Content(
            message_id=sent.message_id,
            collapse=text_of(sent.headers.get("apns-collapse-id")),
            title=text_of(alert.get("title")),
            text=text_of(alert.get("body")),
            headers=sent.headers,
        )

    def _refusal(self, refused: RefusedError, apns_id: str) -> Answer:
        said: dict[str, Any] = {"reason": refused.reason}
        if refused.status == GONE:
            since = self.faults.unregistered_at
            said["timestamp"] = int(time() * 1000) if since is None else since
        return as_json(refused.status, said, ("apns-id", apns_id))

    def _see_well_formed(
        self, request: Request, headers: dict[str, str], device: str
    ) -> None:
        if not request.path.startswith(PATH) or not device:
            raise RefusedError(NOT_FOUND, "BadPath")
        if request.scope.method != "POST":
            raise RefusedError(METHOD_NOT_ALLOWED, "MethodNotAllowed")
        self._see_token(headers.get("authorization", ""))
        _see_topic(headers)
        _see_headers(headers)
        _see_payload(request.body)

    def _see_token(self, authorization: str) -> None:
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer":
            raise RefusedError(FORBIDDEN, "MissingProviderToken")
        if self.faults.credentials == "expired":
            raise RefusedError(FORBIDDEN, "ExpiredProviderToken")
        issued = self.issued.get(token) or self._issued(token)
        age = time() - issued
        if age > TOKEN_SECONDS:
            raise RefusedError(FORBIDDEN, "ExpiredProviderToken")
        if age < -CLOCK_SECONDS:
            raise RefusedError(FORBIDDEN, "InvalidProviderToken")

    def _issued(self, token: str) -> float:
        try:
            header, claims = read_token(token, "ES256", self.check)
            issued = number(claims, "iat")
        except TokenError as error:
            raise RefusedError(FORBIDDEN, "InvalidProviderToken") from error
        if header.get("kid") != self.key_id or claims.get("iss") != self.team_id:
            raise RefusedError(FORBIDDEN, "InvalidProviderToken")
        self.issued[token] = issued
        return issued

    @staticmethod
    def _see_registered(device: str) -> None:
        if not is_device(device) or device.startswith("bad0"):
            raise RefusedError(BAD_REQUEST, "BadDeviceToken")
        if device.startswith("dead"):
            raise RefusedError(GONE, "Unregistered")


def _see_topic(headers: dict[str, str]) -> None:
    topic = headers.get("apns-topic", "")
    push_type = headers.get("apns-push-type", "")
    if not topic:
        raise RefusedError(BAD_REQUEST, "MissingTopic")
    if push_type not in PUSH_TYPES:
        raise RefusedError(BAD_REQUEST, "InvalidPushType")
    if not topic.startswith(TEAM_TOPICS):
        raise RefusedError(BAD_REQUEST, "TopicDisallowed")
    if topic != TOPIC + PUSH_TYPES[push_type]:
        raise RefusedError(BAD_REQUEST, "DeviceTokenNotForTopic")


def _see_headers(headers: dict[str, str]) -> None:
    priority = headers.get("apns-priority", "")
    is_silent = headers.get("apns-push-type") == "background"
    if priority not in PRIORITIES or (is_silent and priority == "10"):
        raise RefusedError(BAD_REQUEST, "BadPriority")
    if not is_time(headers.get("apns-expiration", "")):
        raise RefusedError(BAD_REQUEST, "BadExpirationDate")
    if len(headers.get("apns-collapse-id", "").encode()) > MOST_COLLAPSE:
        raise RefusedError(BAD_REQUEST, "BadCollapseId")
    apns_id = headers.get("apns-id")
    if apns_id is not None and not _is_uuid(apns_id):
        raise RefusedError(BAD_REQUEST, "BadMessageId")


def _see_payload(body: bytes) -> None:
    if len(body) > MOST_PAYLOAD:
        raise RefusedError(TOO_LARGE, "PayloadTooLarge")
    if not object_of(body):
        raise RefusedError(BAD_REQUEST, "PayloadEmpty")


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
