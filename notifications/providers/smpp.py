"""SMS straight to a carrier's message centre: SMPP 3.4, through smpplib."""

import logging
import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import smpplib.client
import smpplib.consts as codes
import smpplib.exceptions
import smpplib.smpp
from django.utils import timezone

from notifications.providers.base import Envelope, Outcome, Result
from notifications.providers.sms import (
    ALONE,
    ALONE_UCS2,
    BYTES_OF_UNIT,
    encode_gsm,
    sms_text,
    split_gsm,
    split_ucs2,
)

logger = logging.getLogger(__name__)

# The library's own. What goes wrong is an outcome, and is told as one.
LOGGER = f"{__name__}.link"
logging.getLogger(LOGGER).setLevel(logging.ERROR)

# All of it together stays below the time that a batch is leased for.
ANSWER_SECONDS = 4
BATCH_SECONDS = 12
# A link that was quiet for so long is asked whether it still is one.
IDLE_SECONDS = 5
# Centres refuse more parts than they can hold unanswered.
WINDOW = 10
DAY = 24 * 3600
LONGEST_VALIDITY = 7 * DAY
LONGEST_SHORT_CODE = 6
ANSWER_LENGTH = 300

LOST = (
    OSError,
    struct.error,
    smpplib.exceptions.ConnectionError,
    smpplib.exceptions.PDUError,
    smpplib.exceptions.UnknownCommandError,
)
CREDENTIALS = {
    codes.SMPP_ESME_RBINDFAIL,
    codes.SMPP_ESME_RINVPASWD,
    codes.SMPP_ESME_RINVSYSID,
}
THROTTLED = {codes.SMPP_ESME_RTHROTTLED, codes.SMPP_ESME_RMSGQFUL}
INVALID_ADDRESS = (Result.PERMANENT, "address_invalid")
PAYLOAD_INVALID = (Result.PERMANENT, "payload_invalid")
REFUSED = (Result.PERMANENT, "refused")
STATUSES = {
    **dict.fromkeys(THROTTLED, (Result.RETRY, "rate_limited")),
    codes.SMPP_ESME_RINVDSTADR: INVALID_ADDRESS,
    codes.SMPP_ESME_RINVDSTTON: INVALID_ADDRESS,
    codes.SMPP_ESME_RINVDSTNPI: INVALID_ADDRESS,
    codes.SMPP_ESME_RINVNUMDESTS: INVALID_ADDRESS,
    codes.SMPP_ESME_RINVMSGLEN: PAYLOAD_INVALID,
    codes.SMPP_ESME_RX_P_APPN: REFUSED,
    codes.SMPP_ESME_RX_R_APPN: REFUSED,
}
# Nothing else that a centre says of itself or of us is the message's fault.
OTHER = (Result.RETRY, "provider_error")

Status = tuple[int, str]


class Link:
    """A connection bound as transmitter; for one thread at a time."""

    def __init__(
        self, *, host: str, port: int, system_id: str, password: str, source: str
    ) -> None:
        self.source = source
        self.answers: dict[int, Status] = {}
        self.is_throttled = False
        self.used_at = monotonic()
        self._client = smpplib.client.Client(
            host,
            port,
            timeout=ANSWER_SECONDS,
            logger_name=LOGGER,
            allow_unknown_opt_params=True,
        )
        self._client.set_message_sent_handler(self._note)
        self._client.set_error_pdu_handler(self._note)
        self._client.set_message_received_handler(lambda pdu: None)
        try:
            self._client.connect()
            self._client.bind_transmitter(system_id=system_id, password=password)
        except BaseException:
            self._client.disconnect()
            raise

    def __del__(self) -> None:
        self.close()

    def see_alive(self) -> None:
        """Raise one of LOST if the centre has hung up or does not answer."""
        self._client.poll(auto_send_enquire_link=False)
        if monotonic() - self.used_at > IDLE_SECONDS:
            self._client.send_pdu(
                smpplib.smpp.make_pdu("enquire_link", client=self._client)
            )
            self.read()
        self.answers.clear()
        self.is_throttled = False

    def submit(self, sequences: list[int], **fields: Any) -> None:
        """Write a part; its number is there before anything may have left."""
        pdu = smpplib.smpp.make_pdu("submit_sm", client=self._client, **fields)
        sequences.append(pdu.sequence)
        self._client.send_pdu(pdu)
        self.used_at = monotonic()

    def read(self) -> None:
        """Wait for the next that the centre says."""
        self._client.read_once(auto_send_enquire_link=False)
        self.used_at = monotonic()

    def close(self) -> None:
        with suppress(*LOST):
            if self._client.state != codes.SMPP_CLIENT_STATE_CLOSED:
                self._client.send_pdu(
                    smpplib.smpp.make_pdu("unbind", client=self._client)
                )
        self._client.disconnect()

    def _note(self, pdu: Any) -> None:
        self.answers[pdu.sequence] = (pdu.status, text_of(pdu, "message_id"))
        self.is_throttled |= pdu.status in THROTTLED


@dataclass(slots=True)
class Draft:
    """A message in parts, and by which numbers these were submitted."""

    parts: list[bytes]
    fields: dict[str, Any]
    sequences: list[int] = field(default_factory=list)


class SmppProvider:
    """One account, over links that stay open between batches."""

    batch_size = 20

    def __init__(self, **account: Any) -> None:
        self._account = account
        # Not one per thread: a lane's threads end with its run.
        self._idle: deque[Link] = deque()

    def send(self, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Submit a batch, a window of parts at a time."""
        try:
            link = self._open()
        except LOST as error:
            return [_refused_bind(error)] * len(envelopes)
        drafts = [_draft(envelope, link.source) for envelope in envelopes]
        trouble = ""
        try:
            _submit(link, [draft for draft in drafts if isinstance(draft, Draft)])
        except Exception as error:  # Even a bug must not make a text go twice.
            if not isinstance(error, LOST):
                logger.exception("The centre is not understood.")
            trouble = f"{type(error).__name__}: {error}"
            link.close()
        else:
            self._idle.append(link)
        return [
            draft if isinstance(draft, Outcome) else _judge(draft, link, trouble)
            for draft in drafts
        ]

    def _open(self) -> Link:
        while self._idle:
            # Another thread may have been quicker.
            with suppress(IndexError, *LOST):
                link = self._idle.pop()
                link.see_alive()
                return link
        return Link(**self._account)


def _refused_bind(error: Exception) -> Outcome:
    status = error.args[1] if len(error.args) > 1 else None
    is_ours = isinstance(error, smpplib.exceptions.PDUError) and status in CREDENTIALS
    return Outcome(
        Result.RETRY,
        str(error)[:ANSWER_LENGTH],
        "credentials" if is_ours else "no_connection",
    )


def _draft(envelope: Envelope, source: str) -> Draft | Outcome:
    try:
        parts, data_coding, esm_class = make_parts(
            sms_text(envelope), reference=envelope.message_id
        )
    except Exception as error:  # One message's words must not stop the batch.
        logger.exception("Message %s cannot be written.", envelope.message_id)
        return Outcome(Result.PERMANENT, str(error)[:ANSWER_LENGTH], "payload_invalid")
    seconds = int((envelope.expires_at - timezone.now()).total_seconds())
    return Draft(
        parts,
        {
            **_from(source),
            "dest_addr_ton": codes.SMPP_TON_INTL,
            "dest_addr_npi": codes.SMPP_NPI_ISDN,
            "destination_addr": envelope.address.removeprefix("+"),
            "validity_period": _validity(seconds),
            "data_coding": data_coding,
            "esm_class": esm_class,
        },
    )


def make_parts(text: str, *, reference: int) -> tuple[list[bytes], int, int]:
    """Return parts, data coding and ESM class of a text.

    The parts of a long one are told apart by the reference: a message that is sent
    again completes what has come of it (3GPP TS 23.040, 9.2.3.24.1).
    """
    septets = encode_gsm(text)
    if septets is not None:
        data_coding = codes.SMPP_ENCODING_DEFAULT
        parts = [septets] if len(septets) <= ALONE else split_gsm(text)
    else:
        data_coding = codes.SMPP_ENCODING_ISO10646
        units = text.encode("utf-16-be")
        is_short = len(units) <= ALONE_UCS2 * BYTES_OF_UNIT
        parts = [units] if is_short else split_ucs2(text)
    if len(parts) == 1:
        return parts, data_coding, codes.SMPP_MSGTYPE_DEFAULT
    start = bytes([5, 0, 3, reference % 256, len(parts)])
    numbered = [
        start + bytes([number]) + part for number, part in enumerate(parts, start=1)
    ]
    return numbered, data_coding, codes.SMPP_GSMFEAT_UDHI


def _from(source: str) -> dict[str, Any]:
    if not source.removeprefix("+").isdigit():
        ton, npi = codes.SMPP_TON_ALNUM, codes.SMPP_NPI_UNK
    elif len(source) <= LONGEST_SHORT_CODE:
        ton, npi = codes.SMPP_TON_NWSPEC, codes.SMPP_NPI_ISDN
    else:
        ton, npi = codes.SMPP_TON_INTL, codes.SMPP_NPI_ISDN
    return {
        "source_addr_ton": ton,
        "source_addr_npi": npi,
        "source_addr": source.removeprefix("+"),
    }


def _validity(seconds: int) -> str:
    """Write a duration as SMPP 3.4, 7.1.1, relative format."""
    days, rest = divmod(max(1, min(seconds, LONGEST_VALIDITY)), DAY)
    hours, rest = divmod(rest, 3600)
    return f"0000{days:02d}{hours:02d}{rest // 60:02d}{rest % 60:02d}000R"


def _submit(link: Link, drafts: Sequence[Draft]) -> None:
    ends_at = monotonic() + BATCH_SECONDS
    submitted = 0
    for draft in drafts:
        if link.is_throttled:
            break
        for part in draft.parts:
            _read_until(link, submitted - WINDOW + 1, ends_at)
            is_last = part is draft.parts[-1]
            link.submit(
                draft.sequences,
                short_message=part,
                # It has arrived when its last part has.
                registered_delivery=int(is_last),
                **draft.fields,
            )
            submitted += 1
    _read_until(link, submitted, ends_at)


def _read_until(link: Link, count: int, ends_at: float) -> None:
    while len(link.answers) < count:
        if monotonic() > ends_at:
            raise TimeoutError("The centre is too slow.")
        link.read()


def _judge(draft: Draft, link: Link, trouble: str) -> Outcome:
    if not draft.sequences:
        if link.is_throttled:
            return Outcome(Result.RETRY, "not tried", "rate_limited")
        return Outcome(Result.RETRY, trouble[:ANSWER_LENGTH], "no_connection")
    answers = [link.answers.get(sequence) for sequence in draft.sequences]
    for answer in answers:
        if answer is not None and answer[0] != codes.SMPP_ESME_ROK:
            result, reason = STATUSES.get(answer[0], OTHER)
            return Outcome(result, _describe(answer[0]), reason)
    if None in answers or len(answers) < len(draft.parts):
        return Outcome(Result.UNKNOWN, trouble[:ANSWER_LENGTH], "connection_lost")
    ids = [message_id for _, message_id in filter(None, answers)]
    return Outcome(Result.ACCEPTED, " ".join(ids)[:ANSWER_LENGTH], reference=ids[-1])


def _describe(status: int) -> str:
    return f"{status:#x} {codes.DESCRIPTIONS.get(status, '')}".strip()


def text_of(pdu: Any, name: str) -> str:
    """Return a field of what a centre said, where it is there."""
    value = getattr(pdu, name, None) or b""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
