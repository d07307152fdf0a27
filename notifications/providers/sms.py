"""What an SMS says, and how many parts it takes (3GPP TS 23.038; pure)."""

from django.conf import settings
from django.template import Context, Engine, TemplateDoesNotExist
from django.utils import timezone, translation
from django.utils.translation import gettext

from notifications.providers.base import Envelope
from notifications.quiet_hours import zone_of
from notifications.topics import Kind

ESCAPE = 0x1B
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
CODES = {
    character: bytes([code])
    for code, character in enumerate(ALPHABET)
    if code != ESCAPE
} | {character: bytes([ESCAPE, code]) for character, code in EXTENSION.items()}
EXTENDED = {code: character for character, code in EXTENSION.items()}
# In septets and in UTF-16 units: of a lone part, and of one of several.
ALONE, IN_PARTS = 160, 153
ALONE_UCS2, IN_PARTS_UCS2 = 70, 67
BYTES_OF_UNIT = 2

# One of these would make a text cost more than twice as much.
CLOSE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´`", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\t", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        "…": "...",
        "•": "-",
        "×": "x",
        "™": "TM",
        "→": "->",
    }
)
# With the link, a text is no longer than so many parts.
MOST_SEGMENTS_WITH_LINK = 3
# Twilio's limit; a centre's is no lower.
LONGEST = 1600


def encode_gsm(text: str) -> bytes | None:
    """Return one septet an octet, or None where a character is in neither table."""
    try:
        return b"".join(map(CODES.__getitem__, text))
    except KeyError:
        return None


def decode_gsm(octets: bytes) -> str:
    """Return the text of septets, one an octet."""
    text: list[str] = []
    is_escaped = False
    for octet in octets:
        if octet == ESCAPE and not is_escaped:
            is_escaped = True
            continue
        plain = ALPHABET[octet] if octet < len(ALPHABET) else "\ufffd"
        text.append(EXTENDED.get(octet, plain) if is_escaped else plain)
        is_escaped = False
    return "".join(text)


def count_segments(text: str) -> int:
    """Return how many parts a text is sent, and paid for, in."""
    septets = encode_gsm(text)
    if septets is not None:
        return 1 if len(septets) <= ALONE else len(split_gsm(text))
    units = len(text.encode("utf-16-be")) // BYTES_OF_UNIT
    return 1 if units <= ALONE_UCS2 else len(split_ucs2(text))


def split_gsm(text: str) -> list[bytes]:
    """Return the parts of a long text in GSM-7; no pair of septets is torn apart."""
    return _split([CODES[character] for character in text], IN_PARTS)


def split_ucs2(text: str) -> list[bytes]:
    """Return the parts of a long text in UTF-16; no pair of surrogates is torn."""
    return _split(
        [character.encode("utf-16-be") for character in text],
        IN_PARTS_UCS2 * BYTES_OF_UNIT,
    )


def _split(characters: list[bytes], size: int) -> list[bytes]:
    parts = [b""]
    for character in characters:
        if len(parts[-1]) + len(character) > size:
            parts.append(b"")
        parts[-1] += character
    return parts


def to_gsm_if_close(text: str) -> str:
    """Replace what printers put in where that alone keeps a text out of GSM-7."""
    if encode_gsm(text) is not None:
        return text
    close = text.translate(CLOSE)
    return text if encode_gsm(close) is None else close


def sms_text(envelope: Envelope) -> str:
    """Return the words of an SMS, in its recipient's language and time zone.

    The topic's own sms.txt, else title and body; the link where there is room; what
    to answer to get no more, where it is an offer.
    """
    subject = envelope.subject
    key = ("sms", envelope.title, envelope.body, envelope.url, *envelope.place)
    text = subject.prepared.get(key)
    if text is None:
        locale, time_zone = envelope.place
        with translation.override(locale), timezone.override(zone_of(time_zone)):
            text = subject.prepared[key] = _write(envelope).encode()
    return text.decode()


def _write(envelope: Envelope) -> str:
    link = f"{settings.SITE_URL}{envelope.url}" if envelope.url else ""
    text = to_gsm_if_close(_words(envelope, link))
    end = ""
    if envelope.subject.topic.category.kind is Kind.PROMOTIONAL:
        end = f"\n{to_gsm_if_close(gettext('Reply STOP to opt out'))}"
    with_link = f"{text}\n{link}{end}"
    if (
        link
        and link not in text
        and count_segments(with_link) <= MOST_SEGMENTS_WITH_LINK
    ):
        return with_link
    if len(text) + len(end) > LONGEST:
        text = text[: LONGEST - len(end) - 3].rstrip() + "..."
    return text + end


def _words(envelope: Envelope, link: str) -> str:
    name = f"notifications/{envelope.subject.topic.name}/sms.txt"
    try:
        template = Engine.get_default().get_template(name)
    except TemplateDoesNotExist:
        return f"{envelope.title}: {envelope.body}"
    context = {
        **envelope.subject.context,
        "title": envelope.title,
        "body": envelope.body,
        "link": link,
    }
    return template.render(Context(context, autoescape=False)).strip()
