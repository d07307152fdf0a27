"""The two alphabets of SMS, and how many parts a text takes (3GPP TS 23.038)."""

from math import ceil

ESCAPE = 0x1B
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
CODES = {character: bytes([code]) for code, character in enumerate(ALPHABET)} | {
    character: bytes([ESCAPE, code]) for code, character in EXTENSION.items()
}
del CODES["\x1b"]

ALONE, IN_PARTS = 160, 153
ALONE_UCS2, IN_PARTS_UCS2 = 70, 67


def encode_gsm(text: str) -> bytes | None:
    """Return one septet an octet, or None where a character is in neither table."""
    try:
        return b"".join(CODES[character] for character in text)
    except KeyError:
        return None


def decode_gsm(octets: bytes) -> str:
    text = []
    is_escaped = False
    for octet in octets:
        if octet == ESCAPE and not is_escaped:
            is_escaped = True
            continue
        plain = ALPHABET[octet] if octet < len(ALPHABET) else "\ufffd"
        text.append(EXTENSION.get(octet, plain) if is_escaped else plain)
        is_escaped = False
    return "".join(text)


def count_segments(text: str) -> int:
    gsm = encode_gsm(text)
    if gsm is not None:
        return 1 if len(gsm) <= ALONE else ceil(len(gsm) / IN_PARTS)
    units = len(text.encode("utf-16-be")) // 2
    return 1 if units <= ALONE_UCS2 else ceil(units / IN_PARTS_UCS2)
