"""A mail server that takes mail for everybody."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast
from uuid import uuid4

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

from config.outside_world.faults import Fate, Faults
from config.outside_world.ledger import Content, Ledger, Sent

MOST_MAIL = 10_000_000
REFUSALS = {
    Fate.OUTAGE: "421 4.3.2 The service is not available",
    Fate.ERROR: "451 4.3.0 Requested action aborted: local error in processing",
    Fate.THROTTLE: "450 4.7.1 Too many messages, slow down",
}


class Mail:
    name = "smtp"

    def __init__(self, faults: Faults, ledger: Ledger) -> None:
        self.faults = faults
        self.ledger = ledger
        self.closing = asyncio.Event()

    def session(self) -> SMTP:
        return SMTP(
            self,
            hostname="outside-world.example",
            ident="Tiffin's outside world",
            data_size_limit=MOST_MAIL,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self,
        server: SMTP,
        session: SmtpSession,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self.faults.outage:
            return REFUSALS[Fate.OUTAGE]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self,
        server: SMTP,
        session: SmtpSession,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address.startswith("bounce"):
            return "550 5.1.1 The email account that you tried to reach does not exist"
        if address.startswith("later"):
            return "451 4.2.1 The recipient cannot get mail now, try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: SmtpSession, envelope: Envelope
    ) -> str:
        if self.faults.is_quiet:
            return self._accept(envelope)
        await asyncio.sleep(self.faults.delay())
        fate = self.faults.draw()
        if fate in REFUSALS:
            return REFUSALS[fate]
        answer = self._accept(envelope) if fate in (Fate.ANSWER, Fate.LOSE) else ""
        if fate in (Fate.HANG, Fate.LOSE):
            await self.closing.wait()
        if fate is not Fate.ANSWER:
            cast(asyncio.Transport, server.transport).abort()
        return answer

    def read(self, sent: Sent) -> Content:
        mail = message_from_bytes(sent.body, policy=default)
        assert isinstance(mail, EmailMessage)
        plain = mail.get_body(("plain", "html"))
        return Content(
            message_id=mail.get("message-id", "").strip() or sent.message_id,
            title=mail.get("subject", ""),
            text=plain.get_content().strip() if plain is not None else "",
            headers={name: str(value) for name, value in mail.items()},
        )

    def _accept(self, envelope: Envelope) -> str:
        queue_id = uuid4().hex[:12].upper()
        content = envelope.content
        body = content.encode() if isinstance(content, str) else content or b""
        for address in envelope.rcpt_tos:
            self.ledger.add(self.name, address, queue_id, body, {})
        return f"250 2.0.0 OK: queued as {queue_id}"
