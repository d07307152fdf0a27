"""A carrier's message centre, spoken to by SMPP 3.4."""

import asyncio
import re
import struct
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from config.outside_world import pdus
from config.outside_world.faults import Fate, Faults
from config.outside_world.keys import Accounts
from config.outside_world.ledger import Content, Ledger, Sent, text_of
from config.outside_world.pdus import Submit
from config.outside_world.texts import decode_gsm, encode_gsm

RECEIPT_SECONDS = 0.05
MOST_WAITING = 100_000
MOST_PDU = 70_000
ON_ANY_END, ON_FAILURE = 1, 2
DELIVERED, UNDELIVERABLE = 2, 5
RECEIVERS = (pdus.BIND_RECEIVER, pdus.BIND_TRANSCEIVER)
TRANSMITTERS = (pdus.BIND_TRANSMITTER, pdus.BIND_TRANSCEIVER)
REFUSALS = {
    Fate.THROTTLE: pdus.THROTTLED,
    Fate.ERROR: pdus.SYSTEM_ERROR,
    Fate.OUTAGE: pdus.SYSTEM_ERROR,
}

is_address = re.compile(r"\+?[0-9]{3,20}").fullmatch


class Smpp:
    name = "smpp"

    def __init__(self, accounts: Accounts, faults: Faults, ledger: Ledger) -> None:
        self.account = (accounts.system_id, accounts.password)
        self.faults = faults
        self.ledger = ledger
        self.sessions: set[Session] = set()
        self.waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self.parts: dict[tuple[str, str, int, int], dict[int, tuple[str, str]]] = {}
        self.last_id = 0
        # Ids up to here are of before a reset; nobody asks for their receipts.
        self.forgotten_id = 0

    def session(self) -> "Session":
        return Session(self)

    def accept(self, submit: Submit, sender: "Session") -> str:
        """Take a part of a message; return its id."""
        self.last_id += 1
        message_id = f"{self.last_id:010d}"
        place = (submit.source, submit.destination, submit.reference, submit.parts)
        parts = self.parts.setdefault(place, {})
        parts[submit.part] = (message_id, decode(submit.data_coding, submit.octets))
        if len(parts) >= submit.parts:
            del self.parts[place]
            self._note(submit, [parts[number] for number in sorted(parts)])
        if submit.registered_delivery & (ON_ANY_END | ON_FAILURE):
            asyncio.get_running_loop().call_later(
                RECEIPT_SECONDS, self._send_receipt, message_id, submit, sender
            )
        return message_id

    def forget(self) -> None:
        """Throw away all that is not yet delivered."""
        self.forgotten_id = self.last_id
        self.waiting.clear()
        self.parts.clear()
        for session in self.sessions:
            session.unconfirmed.clear()

    def read(self, sent: Sent) -> Content:
        return Content(
            message_id=sent.message_id,
            text=sent.body.decode(),
            headers=sent.headers,
        )

    async def receive(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Hand a person's message to whoever is bound, or will be."""
        body = text_of(asked.get("body"))
        gsm = encode_gsm(body)
        octets = body.encode("utf-16-be") if gsm is None else gsm
        self.deliver(
            pdus.deliver(
                text_of(asked.get("from")),
                text_of(asked.get("to")),
                0,
                pdus.UCS2 if gsm is None else 0,
                octets,
                {},
            )
        )
        return {"waiting": len(self.waiting)}

    def deliver(self, body: bytes, preferred: "Session | None" = None) -> None:
        receivers = [each for each in self.sessions if each.kind in RECEIVERS]
        if preferred in receivers:
            preferred.deliver(body)
        elif receivers:
            receivers[0].deliver(body)
        else:
            self.waiting.append(body)

    def _note(self, submit: Submit, parts: list[tuple[str, str]]) -> None:
        self.ledger.add(
            self.name,
            submit.destination,
            parts[0][0],
            "".join(text for _, text in parts).encode(errors="replace"),
            {
                "source": submit.source,
                "data_coding": submit.data_coding,
                "message_ids": [message_id for message_id, _ in parts],
            },
        )

    def _send_receipt(self, message_id: str, submit: Submit, sender: "Session") -> None:
        is_delivered = not submit.destination.endswith("0003")
        is_wanted = not (is_delivered and submit.registered_delivery & ON_FAILURE)
        if not is_wanted or int(message_id) <= self.forgotten_id:
            return
        text = decode(submit.data_coding, submit.octets)[:20]
        now = f"{datetime.now(UTC):%y%m%d%H%M}"  # noqa: TID251 (works without Django)
        told = (
            f"id:{message_id} sub:001 dlvrd:{int(is_delivered):03d} submit date:{now} "
            f"done date:{now} stat:{'DELIVRD' if is_delivered else 'UNDELIV'} "
            f"err:{'000' if is_delivered else '001'} text:{text}"
        )
        state = DELIVERED if is_delivered else UNDELIVERABLE
        body = pdus.deliver(
            submit.destination,
            submit.source,
            pdus.IS_RECEIPT,
            0,
            told.encode("ascii", "replace"),
            {
                pdus.RECEIPTED_ID: pdus.text(message_id),
                pdus.MESSAGE_STATE: bytes([state]),
            },
        )
        self.deliver(body, sender)


class Session(asyncio.Protocol):
    """One connection of a client, and what it is bound as."""

    def __init__(self, centre: Smpp) -> None:
        self.centre = centre
        self.kind = 0
        self.buffer = b""
        self.sequence = 0
        self.unconfirmed: dict[int, bytes] = {}
        self.commands: dict[int, Callable[[int, bytes], None]] = {
            pdus.SUBMIT_SM: self._submit,
            pdus.ENQUIRE_LINK: self._enquire_link,
            pdus.UNBIND: self._unbind,
            pdus.DELIVER_SM | pdus.RESPONSE: self._confirm,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted, because uvloop's transports are no subclass.
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self.centre.sessions.discard(self)
        for body in self.unconfirmed.values():
            self.centre.deliver(body)

    def data_received(self, received: bytes) -> None:
        self.buffer += received
        while len(self.buffer) >= pdus.HEADER.size:
            length, command, _, sequence = pdus.HEADER.unpack_from(self.buffer)
            if not pdus.HEADER.size <= length <= MOST_PDU:
                self._write(pdus.GENERIC_NACK, pdus.INVALID_LENGTH, sequence)
                self.transport.close()
                return
            if len(self.buffer) < length:
                return
            body = self.buffer[pdus.HEADER.size : length]
            self.buffer = self.buffer[length:]
            self._take(command, sequence, body)

    def deliver(self, body: bytes) -> None:
        self.sequence += 1
        self.unconfirmed[self.sequence] = body
        self._write(pdus.DELIVER_SM, pdus.OK, self.sequence, body)

    def _take(self, command: int, sequence: int, body: bytes) -> None:
        try:
            if command in (*RECEIVERS, *TRANSMITTERS):
                self._bind(command, sequence, body)
            elif command in self.commands:
                self.commands[command](sequence, body)
            elif not command & pdus.RESPONSE:
                self._write(pdus.GENERIC_NACK, pdus.INVALID_COMMAND, sequence)
        except (pdus.PduError, struct.error):
            self._write(pdus.GENERIC_NACK, pdus.INVALID_LENGTH, sequence)

    def _bind(self, command: int, sequence: int, body: bytes) -> None:
        status = self._bind_status(pdus.read_bind(body))
        self._write(
            command | pdus.RESPONSE,
            status,
            sequence,
            pdus.text("outside-world") if status == pdus.OK else b"",
        )
        if status != pdus.OK:
            return
        self.kind = command
        self.centre.sessions.add(self)
        if command in RECEIVERS:
            while self.centre.waiting:
                self.deliver(self.centre.waiting.popleft())

    def _bind_status(self, account: tuple[str, str]) -> int:
        if self.kind:
            return pdus.ALREADY_BOUND
        if self.centre.faults.outage:
            return pdus.SYSTEM_ERROR
        is_expired = self.centre.faults.credentials == "expired"
        if is_expired or account != self.centre.account:
            return pdus.BIND_FAILED
        return pdus.OK

    def _submit(self, sequence: int, body: bytes) -> None:
        if self.kind not in TRANSMITTERS:
            self._answer_submit(sequence, pdus.WRONG_BIND_STATE)
            return
        submit = pdus.read_submit(body)
        faults = self.centre.faults
        if faults.is_quiet:
            self._accept(sequence, submit)
        else:
            asyncio.get_running_loop().call_later(
                faults.delay(), self._submit_with_faults, sequence, submit
            )

    def _submit_with_faults(self, sequence: int, submit: Submit) -> None:
        fate = self.centre.faults.draw()
        if fate in REFUSALS:
            self._answer_submit(sequence, REFUSALS[fate])
        elif fate is Fate.DROP:
            self.transport.abort()
        elif fate is Fate.LOSE:
            self.centre.accept(submit, self)
        elif fate is Fate.ANSWER:
            self._accept(sequence, submit)

    def _accept(self, sequence: int, submit: Submit) -> None:
        if not is_address(submit.destination):
            self._answer_submit(sequence, pdus.INVALID_DESTINATION)
            return
        message_id = self.centre.accept(submit, self)
        self._answer_submit(sequence, pdus.OK, pdus.text(message_id))

    def _answer_submit(self, sequence: int, status: int, body: bytes = b"") -> None:
        self._write(pdus.SUBMIT_SM | pdus.RESPONSE, status, sequence, body)

    def _enquire_link(self, sequence: int, _body: bytes) -> None:
        self._write(pdus.ENQUIRE_LINK | pdus.RESPONSE, pdus.OK, sequence)

    def _unbind(self, sequence: int, _body: bytes) -> None:
        self.kind = 0
        self.centre.sessions.discard(self)
        self._write(pdus.UNBIND | pdus.RESPONSE, pdus.OK, sequence)
        self.transport.close()

    def _confirm(self, sequence: int, _body: bytes) -> None:
        self.unconfirmed.pop(sequence, None)

    def _write(
        self, command: int, status: int, sequence: int, body: bytes = b""
    ) -> None:
        if not self.transport.is_closing():
            self.transport.write(pdus.pdu(command, status, sequence, body))


def decode(data_coding: int, octets: bytes) -> str:
    if data_coding == pdus.UCS2:
        return octets.decode("utf-16-be", "replace")
    return decode_gsm(octets) if data_coding == 0 else octets.decode("latin-1")
