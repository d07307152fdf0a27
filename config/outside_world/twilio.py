"""Twilio's Programmable Messaging: sending, status callbacks, inbound messages.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
import sys
from collections.abc import Coroutine, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from config.outside_world.keys import Accounts
from config.outside_world.ledger import Content, Ledger, Sent, text_of
from config.outside_world.posting import post_form
from config.outside_world.requests import (
    BAD_REQUEST,
    CREATED,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    SERVER_ERROR,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Answer,
    Request,
    as_json,
    retry_header,
)
from config.outside_world.texts import count_segments

VERSION = "2010-04-01"
MOST_TEXT = 1600
STEP_SECONDS = 0.05
UNREACHABLE = 30003
STOP_WORDS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
START_WORDS = {"START", "YES", "UNSTOP"}
TEXTS = {
    TOO_MANY: (20429, "Too Many Requests"),
    SERVER_ERROR: (20500, "Internal Server Error"),
    UNAVAILABLE: (20503, "Service unavailable"),
}

is_number = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch


class RefusedError(Exception):
    def __init__(self, code: int, text: str, status: int = BAD_REQUEST) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


class Twilio:
    name = "twilio"

    def __init__(self, accounts: Accounts, ledger: Ledger) -> None:
        self.sid = accounts.account_sid
        self.token = accounts.auth_token
        secret = base64.b64encode(f"{self.sid}:{self.token}".encode()).decode()
        self.authorization = f"Basic {secret}"
        self.path = f"/{VERSION}/Accounts/{self.sid}/Messages.json"
        self.ledger = ledger
        self.stopped: set[str] = set()
        self.calls: set[asyncio.Task[object]] = set()

    def answer(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        try:
            self._see_allowed(request)
            self._see_form(form)
        except RefusedError as refused:
            return _error(refused.status, refused.code, str(refused))
        sid = "SM" + secrets.token_hex(16)
        self.ledger.add(self.name, form["To"], sid, request.body, {})
        if form.get("StatusCallback"):
            self._in_background(self._tell_status(sid, form))
        return as_json(CREATED, self._message(sid, form))

    def refuse(self, status: int, retry_after: int | None) -> Answer:
        return _error(status, *TEXTS[status], *retry_header(retry_after))

    def read(self, sent: Sent) -> Content:
        form = dict(parse_qsl(sent.body.decode(errors="replace")))
        noted = ("From", "MessagingServiceSid", "StatusCallback")
        return Content(
            message_id=sent.message_id,
            text=form.get("Body", ""),
            headers={name: form[name] for name in noted if name in form},
        )

    async def receive(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Send a person's message to the webhook; return what it answered."""
        sender, body = text_of(asked.get("from")), text_of(asked.get("body"))
        word = body.strip().upper()
        if word in STOP_WORDS:
            self.stopped.add(sender)
        elif word in START_WORDS:
            self.stopped.discard(sender)
        sid = "SM" + secrets.token_hex(16)
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.sid,
            "From": sender,
            "To": text_of(asked.get("to")),
            "Body": body,
            "NumMedia": "0",
            "NumSegments": str(count_segments(body)),
            "SmsStatus": "received",
            "ApiVersion": VERSION,
        }
        status, said = await self._post(text_of(asked.get("webhook")), form)
        return {"sid": sid, "status": status, "body": said}

    def _see_allowed(self, request: Request) -> None:
        if not hmac.compare_digest(
            request.header("authorization").encode(), self.authorization.encode()
        ):
            raise RefusedError(20003, "Authenticate", UNAUTHORIZED)
        if request.path != self.path:
            raise RefusedError(
                20404,
                f"The requested resource {request.path} was not found",
                NOT_FOUND,
            )
        if request.scope.method != "POST":
            raise RefusedError(20004, "Method not allowed", METHOD_NOT_ALLOWED)

    def _see_form(self, form: dict[str, str]) -> None:
        number, body = form.get("To", ""), form.get("Body", "")
        if not number:
            raise RefusedError(21604, "A 'To' phone number is required.")
        if not is_number(number):
            raise RefusedError(21211, f"Invalid 'To' Phone Number: {number}")
        if not form.get("From") and not form.get("MessagingServiceSid"):
            raise RefusedError(21603, "A 'From' phone number is required.")
        if not body:
            raise RefusedError(21602, "Message body is required.")
        if len(body) > MOST_TEXT:
            raise RefusedError(
                21617,
                "The concatenated message body exceeds the 1600 character limit",
            )
        if number.endswith("0000") or number in self.stopped:
            raise RefusedError(21610, "Attempt to send to unsubscribed recipient")

    def _message(self, sid: str, form: dict[str, str]) -> dict[str, Any]:
        uri = f"/{VERSION}/Accounts/{self.sid}/Messages/{sid}"
        now = formatdate(usegmt=False)
        return {
            "account_sid": self.sid,
            "api_version": VERSION,
            "body": form["Body"],
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_media": "0",
            "num_segments": str(count_segments(form["Body"])),
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": "queued",
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": form["To"],
            "uri": f"{uri}.json",
        }

    async def _tell_status(self, sid: str, form: dict[str, str]) -> None:
        is_reachable = not form["To"].endswith("0003")
        for status in ("sent", "delivered" if is_reachable else "undelivered"):
            await asyncio.sleep(STEP_SECONDS)
            told = {
                "MessageSid": sid,
                "SmsSid": sid,
                "MessageStatus": status,
                "SmsStatus": status,
                "AccountSid": self.sid,
                "ApiVersion": VERSION,
                "To": form["To"],
                "From": form.get("From", ""),
            }
            if form.get("MessagingServiceSid"):
                told["MessagingServiceSid"] = form["MessagingServiceSid"]
            if status == "undelivered":
                told["ErrorCode"] = str(UNREACHABLE)
            await self._post(form["StatusCallback"], told)

    async def _post(self, url: str, form: dict[str, str]) -> tuple[int, str]:
        headers = {
            "X-Twilio-Signature": sign(self.token, url, form),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            "User-Agent": "TwilioProxy/1.1",
        }
        status, said = await post_form(url, form, headers)
        if not status:
            sys.stderr.write(f"Nobody answered at {url}: {said}\n")
        return status, said

    def _in_background(self, call: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(call)
        # The loop itself would not keep the task from being collected.
        self.calls.add(task)
        task.add_done_callback(self.calls.discard)


def sign(token: str, url: str, form: Mapping[str, str]) -> str:
    """Sign as https://www.twilio.com/docs/usage/security says."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _error(status: int, code: int, text: str, *headers: tuple[str, str]) -> Answer:
    return as_json(
        status,
        {
            "code": code,
            "message": text,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        },
        *headers,
    )
