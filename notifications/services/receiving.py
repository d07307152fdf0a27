"""Listening to a carrier's message centre: receipts, and what people answer."""

import logging
import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Any

import phonenumbers
import smpplib.client
import smpplib.consts as codes
import smpplib.smpp
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections

from notifications.providers.smpp import LOGGER, LOST, text_of
from notifications.providers.sms import decode_gsm
from notifications.services.sms import (
    forget_old_references,
    receive_sms,
    record_receipt_by_reference,
)

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 5
LOOK_SECONDS = 0.1
ENQUIRE_SECONDS = 30
# Longer than that between two answers: nobody is there any more.
SILENCE_SECONDS = 3 * ENQUIRE_SECONDS
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
# A receipt may be there before the sender has written down what it is for.
PATIENCE_SECONDS = 60
HOUSEKEEPING_SECONDS = 3600

MESSAGE_TYPE = 0x3C
IS_RECEIPT = 0x04
IS_PERSONS = 0x00
IS_ESCAPED = 0x40
STATES = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}
FINAL = frozenset(STATES.values())
DELIVERED = "DELIVRD"
ENCODINGS = {1: "ascii", 3: "latin-1", 8: "utf-16-be"}

find_reference = re.compile(r"\bid:(\S+)").search
find_state = re.compile(r"\bstat:(\w+)").search


@dataclass(frozen=True, slots=True)
class Receipt:
    reference: str
    state: str


class Client(smpplib.client.Client):  # type: ignore[misc] # it has no types
    """Knows when it last heard from the other side."""

    heard_at = 0.0

    def read_pdu(self) -> Any:
        pdu = super().read_pdu()
        self.heard_at = monotonic()
        return pdu


class Receiver:
    """One receiver, bound again whenever the connection ends."""

    def __init__(
        self, *, host: str, port: int, system_id: str, password: str, source: str = ""
    ) -> None:
        self._place = (host, port)
        self._account = {"system_id": system_id, "password": password}
        self._early: deque[tuple[float, Receipt]] = deque()
        self._kept_house_at = monotonic()

    def run(self, stopped: Event) -> None:
        """Take in what comes until `stopped` is set."""
        wait = FIRST_WAIT
        while not stopped.is_set():
            client = self._client()
            try:
                client.connect()
                client.bind_receiver(**self._account)
                logger.info("Bound as receiver.")
                wait = FIRST_WAIT
                self._listen(client, stopped)
            except LOST as error:
                logger.warning("The centre is lost: %s %s", type(error), error)
                stopped.wait(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            finally:
                _close(client)

    def _client(self) -> Client:
        client = Client(
            *self._place,
            timeout=ANSWER_SECONDS,
            logger_name=LOGGER,
            allow_unknown_opt_params=True,
        )
        client.set_message_received_handler(self._take)
        client.set_error_pdu_handler(lambda pdu: None)
        return client

    def _listen(self, client: Client, stopped: Event) -> None:
        asked_at = monotonic()
        while not stopped.wait(LOOK_SECONDS):
            client.poll(auto_send_enquire_link=False)
            self._look_again()
            now = monotonic()
            if now - client.heard_at > SILENCE_SECONDS:
                raise TimeoutError("Nobody answers.")
            if now - asked_at > ENQUIRE_SECONDS:
                client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=client))
                asked_at = now

    def _take(self, pdu: Any) -> int:
        """Take in what came; answer whether it is to be sent again later."""
        close_old_connections()
        kind = (pdu.esm_class or 0) & MESSAGE_TYPE
        try:
            if kind == IS_RECEIPT:
                self._take_receipt(read_receipt(pdu))
            elif kind == IS_PERSONS:
                said = receive_sms(from_number=number_of(pdu), text=words_of(pdu))
                logger.info("Somebody wrote: %s.", said.value)
        except (DatabaseError, InterfaceError):
            logger.exception("What the centre told cannot be written down.")
            return int(codes.SMPP_ESME_RX_T_APPN)
        return int(codes.SMPP_ESME_ROK)

    def _take_receipt(self, receipt: Receipt | None) -> None:
        if receipt is not None and not _record(receipt):
            self._early.append((monotonic() + PATIENCE_SECONDS, receipt))

    def _look_again(self) -> None:
        """Try again what came too early; forget what nobody knows."""
        with suppress(DatabaseError, InterfaceError):
            for _ in range(len(self._early)):
                ends_at, receipt = self._early[0]
                if not _record(receipt) and monotonic() < ends_at:
                    self._early.append((ends_at, receipt))
                self._early.popleft()
            if monotonic() - self._kept_house_at > HOUSEKEEPING_SECONDS:
                forget_old_references()
                self._kept_house_at = monotonic()


def _record(receipt: Receipt) -> bool:
    return record_receipt_by_reference(
        provider="smpp",
        reference=receipt.reference,
        is_delivered=receipt.state == DELIVERED,
        reason=f"smpp_{receipt.state.lower()}",
    )


def _close(client: Client) -> None:
    with suppress(*LOST):
        if client.state != codes.SMPP_CLIENT_STATE_CLOSED:
            client.unbind()
    client.disconnect()


def read_receipt(pdu: Any) -> Receipt | None:
    """Return what became of a message (SMPP 3.4, appendix B); None if not yet known."""
    text = text_of(pdu, "short_message")
    reference = text_of(pdu, "receipted_message_id")
    if not reference and (found := find_reference(text)):
        reference = found[1]
    state = STATES.get(getattr(pdu, "message_state", None) or 0, "")
    if not state and (found := find_state(text)):
        state = found[1].upper()
    if not reference or state not in FINAL:
        return None
    return Receipt(reference, state)


def words_of(pdu: Any) -> str:
    """Return what a person wrote."""
    octets: bytes = pdu.short_message or getattr(pdu, "message_payload", None) or b""
    if (pdu.esm_class or 0) & IS_ESCAPED and octets:
        octets = octets[1 + octets[0] :]
    encoding = ENCODINGS.get(pdu.data_coding or 0)
    text = octets.decode(encoding, "replace") if encoding else decode_gsm(octets)
    # PostgreSQL keeps no NUL.
    return text.replace("\0", "")


def number_of(pdu: Any) -> str:
    """Return the sender's number as E.164, or as it came if it is none."""
    written = text_of(pdu, "source_addr")
    if pdu.source_addr_ton == codes.SMPP_TON_INTL and not written.startswith("+"):
        written = f"+{written}"
    try:
        number = phonenumbers.parse(written, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return written
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
