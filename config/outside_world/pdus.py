"""The units that SMPP 3.4 is spoken in; section numbers are of its specification."""

import struct
from dataclasses import dataclass

HEADER = struct.Struct(">IIII")
TLV = struct.Struct(">HH")

GENERIC_NACK = 0x80000000
BIND_RECEIVER = 0x00000001
BIND_TRANSMITTER = 0x00000002
SUBMIT_SM = 0x00000004
DELIVER_SM = 0x00000005
UNBIND = 0x00000006
BIND_TRANSCEIVER = 0x00000009
ENQUIRE_LINK = 0x00000015
RESPONSE = 0x80000000

OK = 0x00
INVALID_LENGTH = 0x02
INVALID_COMMAND = 0x03
WRONG_BIND_STATE = 0x04
ALREADY_BOUND = 0x05
SYSTEM_ERROR = 0x08
INVALID_DESTINATION = 0x0B
BIND_FAILED = 0x0D
THROTTLED = 0x58

HAS_UDH = 0x40
IS_RECEIPT = 0x04
UCS2 = 8
LATIN1 = 3
SHORT_REFERENCE, LONG_REFERENCE = 0x00, 0x08

RECEIPTED_ID = 0x001E
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427
SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x020C, 0x020E, 0x020F
MOST_SHORT_MESSAGE = 254


class PduError(Exception):
    """It ends before it should."""


@dataclass(frozen=True)
class Submit:
    """A submit_sm (4.4.1), its text without the header that tells the part."""

    source: str
    destination: str
    data_coding: int
    registered_delivery: int
    octets: bytes
    reference: int = 0
    part: int = 1
    parts: int = 1


class Fields:
    """Reads a PDU's body from the front to the back."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0

    def octet(self) -> int:
        return self.octets(1)[0]

    def octets(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.body):
            raise PduError("It is too short.")
        taken = self.body[self.at : end]
        self.at = end
        return taken

    def text(self) -> str:
        """Take a text that a zero ends."""
        end = self.body.find(b"\0", self.at)
        if end < 0:
            raise PduError("A text has no end.")
        taken = self.body[self.at : end]
        self.at = end + 1
        return taken.decode("latin-1")

    def parameters(self) -> dict[int, bytes]:
        """Take all that is left, the optional parameters (5.3)."""
        found = {}
        while self.at < len(self.body):
            tag, length = TLV.unpack(self.octets(TLV.size))
            found[tag] = self.octets(length)
        return found


def pdu(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def text(value: str) -> bytes:
    return value.encode("latin-1", "replace") + b"\0"


def read_bind(body: bytes) -> tuple[str, str]:
    fields = Fields(body)
    return fields.text(), fields.text()


def read_submit(body: bytes) -> Submit:
    fields = Fields(body)
    fields.text()  # service_type
    fields.octets(2)
    source = fields.text()
    fields.octets(2)
    destination = fields.text()
    esm_class = fields.octet()
    fields.octets(2)  # protocol_id, priority_flag
    fields.text()  # schedule_delivery_time
    fields.text()  # validity_period
    registered_delivery = fields.octet()
    fields.octet()  # replace_if_present_flag
    data_coding = fields.octet()
    fields.octet()  # sm_default_msg_id
    octets = fields.octets(fields.octet())
    parameters = fields.parameters()
    octets = parameters.get(MESSAGE_PAYLOAD, octets)
    place = _place_in_parameters(parameters)
    if esm_class & HAS_UDH and octets:
        end = 1 + octets[0]
        place = _place_in_header(octets[1:end]) or place
        octets = octets[end:]
    return Submit(source, destination, data_coding, registered_delivery, octets, *place)


def _place_in_header(header: bytes) -> tuple[int, int, int] | None:
    """Return reference, part and parts (3GPP TS 23.040, 9.2.3.24.1 and .8)."""
    fields = Fields(header)
    while fields.at < len(header):
        kind = fields.octet()
        content = fields.octets(fields.octet())
        if kind == SHORT_REFERENCE:
            reference, parts, part = struct.unpack(">BBB", content)
            return reference, part, parts
        if kind == LONG_REFERENCE:
            reference, parts, part = struct.unpack(">HBB", content)
            return reference, part, parts
    return None


def _place_in_parameters(parameters: dict[int, bytes]) -> tuple[int, int, int]:
    if not {SAR_REFERENCE, SAR_NUMBER, SAR_TOTAL} <= parameters.keys():
        return 0, 1, 1
    reference, part, parts = (
        int.from_bytes(parameters[tag], "big")
        for tag in (SAR_REFERENCE, SAR_NUMBER, SAR_TOTAL)
    )
    return reference, part, parts


def deliver(
    source: str,
    destination: str,
    esm_class: int,
    data_coding: int,
    octets: bytes,
    parameters: dict[int, bytes],
) -> bytes:
    """Return the body of a deliver_sm (4.6.1)."""
    if len(octets) > MOST_SHORT_MESSAGE:
        parameters = {**parameters, MESSAGE_PAYLOAD: octets}
        octets = b""
    international = bytes([1, 1])
    return b"".join(
        [
            text(""),
            international + text(source),
            international + text(destination),
            bytes([esm_class, 0, 0]),
            text("") + text(""),
            bytes([0, 0, data_coding, 0, len(octets)]),
            octets,
            *(TLV.pack(tag, len(value)) + value for tag, value in parameters.items()),
        ]
    )
