"""What texts say and cost, and what their outcomes lead to."""

from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from notifications.models import Lease, Message, SmsReference, Suppression, Timer
from notifications.providers.base import Outcome, Response, Result
from notifications.providers.smpp import make_parts
from notifications.providers.sms import (
    ALPHABET,
    EXTENSION,
    LONGEST,
    count_segments,
    decode_gsm,
    encode_gsm,
    sms_text,
    split_gsm,
    split_ucs2,
    to_gsm_if_close,
)
from notifications.providers.twilio import TwilioProvider, message_of, token_of
from notifications.services.receiving import Receipt, number_of, read_receipt, words_of
from notifications.services.recording import record, return_expired_leases, settle
from notifications.services.sms import (
    Said,
    forget_old_references,
    keep_references,
    receive_sms,
    record_receipt,
    record_receipt_by_reference,
)
from notifications.services.tallies import Done
from notifications.tests.envelopes import NUMBER, letter
from notifications.tests.factories import MessageFactory
from notifications.tests.text_topics import TEST_TEXT, TEST_TEXT_OFFER

STATUS = Message.Status


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # A pair of septets is not torn apart: each part ends one short.
        ("€" * 153, 3),
        ("a" * 152 + "€" * 77, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("a" * 159 + "я", 3),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ", 1),
    ],
)
def test_parts_are_counted_as_carriers_do(text: str, segments: int) -> None:
    assert count_segments(text) == segments


@given(st.text(alphabet=[*ALPHABET.replace("\x1b", ""), *EXTENSION]))
def test_septets_and_back(text: str) -> None:
    septets = encode_gsm(text)

    assert septets is not None
    assert decode_gsm(septets) == text
    assert "".join(map(decode_gsm, split_gsm(text))) == text


@given(st.text())
def test_no_character_is_torn_apart(text: str) -> None:
    assert "".join(part.decode("utf-16-be") for part in split_ucs2(text)) == text


@pytest.mark.parametrize(
    ("printed", "typed"),
    [
        ("It’s “ready” – now…", 'It\'s "ready" - now...'),
        ("10\u202f% off\u00a0today", "10 % off today"),
        # It would not help.
        ("Żurek – “gotowe”", "Żurek – “gotowe”"),
        ("Crème brûlée’s", "Crème brûlée’s"),
        ("plain", "plain"),
    ],
)
def test_printers_marks_are_replaced_where_that_saves(printed: str, typed: str) -> None:
    assert to_gsm_if_close(printed) == typed


def test_text_says_title_body_and_link(settings: Any) -> None:
    settings.SITE_URL = "https://tiffin.example"

    assert sms_text(letter(TEST_TEXT)) == (
        "Luigi has news: It is on its way.\nhttps://tiffin.example/orders/7/"
    )
    assert sms_text(letter(TEST_TEXT, url="")) == "Luigi has news: It is on its way."


def test_link_is_left_out_where_it_would_cost_a_fourth_part() -> None:
    text = sms_text(letter(TEST_TEXT, body="x" * 440))

    assert "http" not in text
    assert count_segments(text) == 3


def test_very_long_text_is_shortened() -> None:
    text = sms_text(letter(TEST_TEXT, body="x" * 5000))

    assert len(text) == LONGEST
    assert text.endswith("xxx...")


def test_offer_has_words_of_its_own_and_says_how_to_stop() -> None:
    text = sms_text(letter(TEST_TEXT_OFFER, context={"what": "2 for 1"}, url=""))

    assert text == (
        "Only today: 2 for 1, until noon (America/New_York).\nReply STOP to opt out"
    )


def test_parts_of_a_long_text_belong_together() -> None:
    parts, data_coding, esm_class = make_parts("a" * 307, reference=515)

    assert (data_coding, esm_class) == (0, 0x40)
    assert [part[:6] for part in parts] == [
        bytes([5, 0, 3, 3, 3, number]) for number in (1, 2, 3)
    ]
    assert [len(part) for part in parts] == [159, 159, 7]


def test_short_text_has_no_header() -> None:
    assert make_parts("é", reference=1) == ([b"\x05"], 0, 0)
    assert make_parts("я", reference=1) == ([b"\x04\x4f"], 8, 0)


@pytest.mark.parametrize(
    ("status", "code", "result", "reason"),
    [
        (201, 0, Result.ACCEPTED, ""),
        (400, 21211, Result.PERMANENT, "address_invalid"),
        (400, 21614, Result.PERMANENT, "address_invalid"),
        (400, 21610, Result.PERMANENT, "stopped"),
        (400, 21617, Result.PERMANENT, "payload_invalid"),
        (401, 20003, Result.RETRY, "credentials"),
        (403, 0, Result.RETRY, "credentials"),
        (429, 20429, Result.RETRY, "rate_limited"),
        (500, 20500, Result.RETRY, "provider_error"),
        (503, 0, Result.RETRY, "provider_error"),
    ],
)
def test_twilios_answers_are_sorted(
    status: int, code: int, result: Result, reason: str
) -> None:
    provider = TwilioProvider(
        account_sid="AC1", auth_token="secret", sender="+15550100", url="https://t"
    )
    body = b'{"code": %d, "message": "words"}' % code
    if status == 201:
        body = b'{"sid": "SM1", "code": null}'

    outcome = provider.judge(letter(TEST_TEXT), Response(status, body, 7.0))

    assert (outcome.result, outcome.reason) == (result, reason)
    assert outcome.answer == ("SM1" if status == 201 else f"{status} {code}: words")


def test_answer_that_is_no_json_is_judged_by_its_status() -> None:
    provider = TwilioProvider(
        account_sid="AC1", auth_token="secret", sender="MG1", url="https://t"
    )

    outcome = provider.judge(letter(TEST_TEXT), Response(502, b"<html>", None))

    assert (outcome.result, outcome.reason) == (Result.RETRY, "provider_error")


def test_service_and_number_are_told_apart() -> None:
    account = {"account_sid": "AC1", "auth_token": "secret", "url": "https://t"}
    by_service = TwilioProvider(**account, sender="MG1").request(
        letter(TEST_TEXT), timezone.now()
    )
    by_number = TwilioProvider(**account, sender="+15550100").request(
        letter(TEST_TEXT), timezone.now()
    )

    assert b"MessagingServiceSid=MG1" in by_service.body
    assert b"From=%2B15550100" in by_number.body
    assert b"ValidityPeriod=35" in by_number.body


def test_callbacks_token_is_ours_alone() -> None:
    token = token_of(77)

    assert message_of(token) == 77
    assert message_of(token.replace("77", "78", 1)) is None
    assert message_of("77") is None


def test_text_of_unknown_outcome_never_goes_again() -> None:
    message = letter(TEST_TEXT)
    lost = Outcome(Result.UNKNOWN, "", "connection_lost")

    state = settle(message, lost, now=message.subject.published_at)

    assert (state.status, state.due_at) == (STATUS.UNKNOWN, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    ["STOP", " stop. ", "Stop!!!", "Stop all", "UNSUBSCRIBE", "Cancel", "end", "Quit"],
)
def test_stop_in_any_writing_is_heard(words: str) -> None:
    assert receive_sms(from_number=NUMBER, text=words) == Said.STOP
    assert receive_sms(from_number=NUMBER, text=words) == Said.STOP

    suppression = Suppression.objects.get()
    assert (suppression.channel, suppression.address) == ("sms", NUMBER)
    assert suppression.reason == Suppression.Reason.STOP


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["START", "yes.", "Unstop"])
def test_start_lifts_a_stop(words: str) -> None:
    receive_sms(from_number=NUMBER, text="STOP")

    assert receive_sms(from_number=NUMBER, text=words) == Said.START

    assert not Suppression.objects.exists()


@pytest.mark.django_db
def test_start_lifts_nothing_else() -> None:
    Suppression.objects.create(channel="sms", address=NUMBER, reason="operator")

    receive_sms(from_number=NUMBER, text="START")

    assert Suppression.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["HELP", "Don't stop", "Where is my pizza?", ""])
def test_other_words_change_nothing(words: str) -> None:
    assert receive_sms(from_number=NUMBER, text=words) == Said.OTHER
    assert not Suppression.objects.exists()


@pytest.fixture
def text(db: None) -> Message:
    return MessageFactory.create(
        channel="sms", provider="smpp", endpoint=NUMBER, status=STATUS.ACCEPTED
    )


@pytest.mark.parametrize("before", [STATUS.ACCEPTED, STATUS.LEASED, STATUS.UNKNOWN])
def test_receipt_ends_a_message(text: Message, before: str) -> None:
    Message.objects.update(status=before)

    assert record_receipt(message_pk=text.pk, is_delivered=True)

    text.refresh_from_db()
    assert (text.status, text.reason) == (STATUS.DELIVERED, "")


def test_receipt_says_why_not(text: Message) -> None:
    assert record_receipt(message_pk=text.pk, is_delivered=False, reason="smpp_undeliv")
    assert not record_receipt(message_pk=text.pk, is_delivered=True)

    text.refresh_from_db()
    assert (text.status, text.reason) == (STATUS.UNDELIVERED, "smpp_undeliv")


@pytest.mark.parametrize("result", [Result.ACCEPTED, Result.UNKNOWN])
def test_receipt_that_was_quicker_than_the_outcome_stands(
    text: Message, result: Result
) -> None:
    Message.objects.update(status=STATUS.LEASED)
    lease = Lease.objects.create(
        lane="standard", message_ids=[text.pk], leased_until=timezone.now()
    )
    record_receipt(message_pk=text.pk, is_delivered=True)

    envelope = letter(TEST_TEXT, message_id=text.pk)
    record([Done(envelope, Outcome(result), lease.pk, timezone.now())])

    text.refresh_from_db()
    assert text.status == STATUS.DELIVERED
    assert text.attempts.get().outcome == result


def test_text_of_a_sender_that_died_is_held(text: Message) -> None:
    event = text.notification.event
    event.topic = TEST_TEXT.name
    event.save()
    Message.objects.update(status=STATUS.LEASED, attempt_count=1)
    Lease.objects.create(
        lane="standard", message_ids=[text.pk], leased_until=timezone.now()
    )

    assert return_expired_leases() == 1

    text.refresh_from_db()
    assert (text.status, text.reason) == (STATUS.UNKNOWN, "sender_died")
    assert not Timer.objects.exists()


def test_receipt_of_what_was_never_sent_changes_nothing(text: Message) -> None:
    Message.objects.update(status=STATUS.SUPPRESSED)

    assert not record_receipt(message_pk=text.pk, is_delivered=True)


def test_reference_finds_its_message_once(text: Message) -> None:
    envelope = letter(TEST_TEXT, message_id=text.pk, provider="smpp")
    accepted = Outcome(Result.ACCEPTED, reference="0001")
    # A centre that counts anew names another message so.
    keep_references([(letter(TEST_TEXT, provider="smpp"), accepted)])
    keep_references([(envelope, accepted), (envelope, accepted)])

    receipt: Any = {"provider": "smpp", "reference": "0001", "is_delivered": True}
    assert record_receipt_by_reference(**receipt)
    assert not record_receipt_by_reference(**receipt)

    text.refresh_from_db()
    assert text.status == STATUS.DELIVERED


def test_old_references_are_forgotten(text: Message, time_machine: Any) -> None:
    time_machine.move_to("2026-06-01T12:00:00Z")
    SmsReference.objects.create(provider="smpp", reference="1", message_id=text.pk)
    time_machine.move_to("2026-06-03T12:00:00Z")
    SmsReference.objects.create(provider="smpp", reference="2", message_id=text.pk)
    time_machine.move_to("2026-06-04T13:00:00Z")

    assert forget_old_references() == 1
    assert SmsReference.objects.get().reference == "2"


class Pdu:
    """A deliver_sm as the library reads it."""

    esm_class = 0
    data_coding = 0
    source_addr_ton = 1
    source_addr = b"14155550123"
    short_message = b""

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self, name, value)


@pytest.mark.parametrize(
    ("fields", "receipt"),
    [
        (
            {"short_message": b"id:7 sub:001 stat:DELIVRD err:000 text:x"},
            Receipt("7", "DELIVRD"),
        ),
        (
            {"receipted_message_id": b"7", "message_state": 5},
            Receipt("7", "UNDELIV"),
        ),
        ({"short_message": b"id:7 stat:ENROUTE err:000"}, None),
        ({"short_message": b"hello"}, None),
    ],
)
def test_receipts_are_read(fields: dict[str, Any], receipt: Receipt | None) -> None:
    assert read_receipt(Pdu(esm_class=4, **fields)) == receipt


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"short_message": b"Stop \x1b\x65"}, "Stop €"),
        ({"short_message": "стоп".encode("utf-16-be"), "data_coding": 8}, "стоп"),
        ({"short_message": b"\x05\x00\x03\x01\x01\x01hi", "esm_class": 0x40}, "hi"),
        ({"short_message": b"", "message_payload": b"STOP"}, "STOP"),
        ({"short_message": b"\xe9\0", "data_coding": 3}, "é"),
    ],
)
def test_words_are_read(fields: dict[str, Any], words: str) -> None:
    assert words_of(Pdu(**fields)) == words


@pytest.mark.parametrize(
    ("written", "ton", "number"),
    [
        (b"14155550123", 1, NUMBER),
        (b"+14155550123", 1, NUMBER),
        (b"4155550123", 2, NUMBER),
        (b"PIZZA", 5, "PIZZA"),
    ],
)
def test_numbers_are_read(written: bytes, ton: int, number: str) -> None:
    assert number_of(Pdu(source_addr=written, source_addr_ton=ton)) == number
