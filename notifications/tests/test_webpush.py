"""Messages to browsers, and which addresses they may go to."""

import base64
import json
from datetime import timedelta
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from notifications.endpoints import origin_of, see_is_outside, see_is_plausible
from notifications.exceptions import EndpointError
from notifications.providers.base import Outcome, Response, Result
from notifications.providers.webpush import LARGEST_BODY, WebPushProvider, topic_of
from notifications.tests.accounts import p256_key
from notifications.tests.envelopes import letter
from notifications.tests.topics import TEST_OFFER, TEST_PUSH

ENDPOINT = "https://push.example.net:8443/send/abc"
CONTACT = "mailto:operators@tiffin.example"
BROWSER = ec.derive_private_key(12345, ec.SECP256R1())
AUTH = bytes(range(16))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


KEYS = (encoded(point(BROWSER)), encoded(AUTH))


@pytest.fixture
def provider() -> WebPushProvider:
    return WebPushProvider(key=p256_key(), contact=CONTACT)


def push(**fields: Any) -> Any:
    topic = fields.pop("topic", TEST_PUSH)
    return letter(topic, **{"address": ENDPOINT, "keys": KEYS, **fields})


def headers_of(provider: WebPushProvider, envelope: Any) -> dict[str, str]:
    request = provider.request(envelope, timezone.now())
    return dict(header.split(": ", 1) for header in request.headers)


def shown(body: bytes) -> dict[str, str]:
    plain = http_ece.decrypt(body, private_key=BROWSER, auth_secret=AUTH)
    read: dict[str, str] = json.loads(plain)
    return read


def test_vector_of_rfc_8291_appendix_a() -> None:
    browser = ec.derive_private_key(
        int.from_bytes(decoded("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")),
        ec.SECP256R1(),
    )
    sender = ec.derive_private_key(
        int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")),
        ec.SECP256R1(),
    )

    body = http_ece.encrypt(
        b"When I grow up, I want to be a watermelon",
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
        private_key=sender,
        dh=point(browser),
        auth_secret=decoded("BTBZMqHH6r4Tts7J_aSIgg"),
    )

    assert encoded(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_browser_reads_its_words(provider: WebPushProvider) -> None:
    about = {"kind": "order", "id": "b7"}
    envelope = push(context={"order": 7, "subject": about})

    request = provider.request(envelope, timezone.now())

    assert request.url == ENDPOINT
    assert shown(request.body) == {
        "title": "Luigi has news",
        "body": "It is on its way.",
        "url": "/orders/7/",
        "message_id": "77",
        "tag": "order-7",
        "topic": "test_push",
        "subject_kind": "order",
        "subject_id": "b7",
    }


@pytest.mark.parametrize("character", ["x", "é", "😀", '"', "\x01"])
def test_long_body_is_shortened_to_fit(
    provider: WebPushProvider, character: str
) -> None:
    request = provider.request(push(body=character * 9000), timezone.now())

    assert LARGEST_BODY - 12 <= len(request.body) <= LARGEST_BODY
    assert shown(request.body)["body"].endswith(f"{character}…")


def test_body_that_just_fits_is_left_alone(provider: WebPushProvider) -> None:
    empty = len(provider.request(push(body=""), timezone.now()).body)
    body = "x" * (LARGEST_BODY - empty)

    request = provider.request(push(body=body), timezone.now())

    assert len(request.body) == LARGEST_BODY
    assert shown(request.body)["body"] == body


def test_headers_say_how_urgent_and_for_how_long(provider: WebPushProvider) -> None:
    headers = headers_of(provider, push(context={"order": 7}))

    assert 3590 <= int(headers["TTL"]) <= 3600
    assert headers["Urgency"] == "high"
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Topic"] == topic_of("order-7")
    assert len(headers["Topic"]) == 32
    assert headers_of(provider, push(topic=TEST_OFFER))["Urgency"] == "low"


@pytest.mark.parametrize(
    ("left", "ttl"), [(timedelta(days=90), "2419200"), (timedelta(days=-1), "0")]
)
def test_time_to_live_is_bounded(
    provider: WebPushProvider, left: timedelta, ttl: str
) -> None:
    envelope = push(expires_at=timezone.now() + left)

    assert headers_of(provider, envelope)["TTL"] == ttl


def read_token(authorization: str) -> tuple[dict[str, Any], str]:
    """Return the claims of a valid token, and the token."""
    token, key = authorization.removeprefix("vapid t=").split(", k=")
    signed, _, signature = token.rpartition(".")
    raw = decoded(signature)
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    claims: dict[str, Any] = json.loads(decoded(signed.partition(".")[2]))
    return claims, token


def test_token_is_for_one_service_and_renewed_in_time(
    provider: WebPushProvider, time_machine: Any
) -> None:
    time_machine.move_to("2026-06-01T00:00:00Z", tick=False)
    claims, first = read_token(headers_of(provider, push())["Authorization"])
    now = int(timezone.now().timestamp())
    assert claims == {
        "aud": "https://push.example.net:8443",
        "exp": now + 12 * 3600,
        "sub": CONTACT,
    }

    elsewhere = push(address="https://other.example/x")
    assert read_token(headers_of(provider, elsewhere)["Authorization"])[1] != first
    time_machine.shift(5 * 3600)
    assert read_token(headers_of(provider, push())["Authorization"])[1] == first
    time_machine.shift(2 * 3600)
    claims, later = read_token(headers_of(provider, push())["Authorization"])

    assert later != first
    assert claims["exp"] == now + 19 * 3600


def test_key_is_read_in_both_writings() -> None:
    raw = encoded((12345).to_bytes(32))

    headers = headers_of(WebPushProvider(key=raw, contact=CONTACT), push())

    assert headers["Authorization"].endswith(f"k={encoded(point(BROWSER))}")


@pytest.mark.parametrize(
    ("status", "result", "reason"),
    [
        (200, Result.ACCEPTED, ""),
        (201, Result.ACCEPTED, ""),
        (202, Result.ACCEPTED, ""),
        (400, Result.PERMANENT, "payload_invalid"),
        (401, Result.RETRY, "credentials"),
        (403, Result.RETRY, "credentials"),
        (404, Result.PERMANENT, "token_dead"),
        (410, Result.PERMANENT, "token_dead"),
        (413, Result.PERMANENT, "payload_invalid"),
        (429, Result.RETRY, "rate_limited"),
        (500, Result.RETRY, "provider_error"),
        (503, Result.RETRY, "provider_error"),
    ],
)
def test_answers_are_sorted(
    provider: WebPushProvider, status: int, result: Result, reason: str
) -> None:
    outcome = provider.judge(push(), Response(status, b"words", 7.0))

    wait = None if result is Result.ACCEPTED else 7.0
    is_dead = status in {404, 410}
    assert outcome == Outcome(
        result, f"{status} words", reason, wait, is_endpoint_dead=is_dead
    )


INSIDE = [
    "http://push.example.net/x",
    "ftp://push.example.net/x",
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://0x7f.0.0.1/x",
    "https://10.0.0.1/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.168.1.1:8443/x",
    "https://100.64.0.1/x",
    "https://0.0.0.0/x",
    "https://224.0.0.1/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[fd00::1]/x",
    "https://[fe80::1]/x",
    "https://localhost/x",
    "https://localhost./x",
    "https://db.internal/x",
    "https://redis/x",
    "https://push.example.net@127.0.0.1/x",
    "https://push.example.net\\@127.0.0.1/x",
    "https://push.example.net/x y",
    "",
]


@pytest.mark.parametrize("url", INSIDE)
def test_inside_address_is_refused(provider: WebPushProvider, url: str) -> None:
    with pytest.raises(EndpointError):
        see_is_plausible(url)
    with pytest.raises(EndpointError):
        provider.request(push(address=url), timezone.now())


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def-_",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAA==",
        "https://web.push.apple.com/QGuQ~x?a=b&c=d#e",
        "https://8.8.8.8/x",
        "https://[2606:4700::1111]:443/x",
    ],
)
def test_push_service_is_let_through(url: str) -> None:
    see_is_plausible(url)


@pytest.mark.parametrize(
    ("found", "is_inside"),
    [
        (["93.184.216.34"], False),
        (["127.0.0.1"], True),
        (["93.184.216.34", "10.0.0.1"], True),
        (["::1"], True),
    ],
)
def test_name_of_an_inside_address_cannot_be_registered(
    monkeypatch: pytest.MonkeyPatch, found: list[str], is_inside: bool
) -> None:
    monkeypatch.setattr(
        "notifications.endpoints.socket.getaddrinfo",
        lambda *_, **__: [(0, 0, 0, "", (address, 443)) for address in found],
    )

    if is_inside:
        with pytest.raises(EndpointError):
            see_is_outside(ENDPOINT)
    else:
        see_is_outside(ENDPOINT)


def test_unknown_name_cannot_be_registered() -> None:
    with pytest.raises(EndpointError):
        see_is_outside("https://nobody.invalid/x")


def test_simulators_address_passes_where_the_settings_say_so(settings: Any) -> None:
    settings.NOTIFICATIONS = {"ALLOW_LOCAL_ENDPOINTS": True}

    see_is_outside("https://127.0.0.1:8443/push/ada")
    see_is_plausible("http://localhost:8090/notify/ada")
    with pytest.raises(EndpointError):
        see_is_plausible("file:///etc/passwd")


def test_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://Push.Example.net:8443/a/b") == (
        "https://push.example.net:8443"
    )
