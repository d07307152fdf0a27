"""The clients that the real providers are spoken to by, in few words."""

import base64
import hashlib
import hmac
import json
import queue
import smtplib
import time
from collections.abc import Callable
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import pycurl
import requests
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.auth.transport.requests import Request as GoogleRequest
from google.oauth2 import service_account
from py_vapid import Vapid02  # type: ignore[import-untyped]
from pywebpush import webpush  # type: ignore[import-untyped]

from config.outside_world.starting import World

SECONDS = 10


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def post(
    world: World,
    path: str,
    content: Any,
    *headers: str,
    version: int = pycurl.CURL_HTTP_VERSION_2TLS,
) -> Answer:
    """Post over HTTP/2 with TLS, as the senders do."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    received, lines = BytesIO(), list[bytes]()
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, world.http + path)
    curl.setopt(pycurl.CAINFO, world.ca)
    curl.setopt(pycurl.HTTP_VERSION, version)
    curl.setopt(pycurl.POST, 1)
    curl.setopt(pycurl.POSTFIELDSIZE, len(body))
    curl.setopt(pycurl.COPYPOSTFIELDS, body)
    curl.setopt(pycurl.HTTPHEADER, list(headers))
    curl.setopt(pycurl.WRITEDATA, received)
    curl.setopt(pycurl.HEADERFUNCTION, lines.append)
    curl.setopt(pycurl.TIMEOUT_MS, 2000)
    try:
        curl.perform()
        status = curl.getinfo(pycurl.RESPONSE_CODE)
    finally:
        curl.close()
    pairs = (line.decode().partition(":") for line in lines if b":" in line)
    found = {name.lower(): value.strip() for name, _, value in pairs}
    return Answer(status, found, received.getvalue())


def google_token(world: World) -> str:
    credentials = service_account.Credentials.from_service_account_info(
        world.fcm["service_account"],
        scopes=["https://www.googleapis.com/auth/firebase.messaging"],
    )
    with trusting_session(world) as session:
        credentials.refresh(GoogleRequest(session))
    return str(credentials.token)


def trusting_session(world: World) -> requests.Session:
    session = requests.Session()
    session.verify = world.ca
    # Or REQUESTS_CA_BUNDLE counts for more than `verify`.
    session.trust_env = False
    return session


def send_fcm(world: World, device: str, token: str = "", **parts: Any) -> Answer:
    message = {"token": device, "notification": {"title": "Ready", "body": "Pizza"}}
    return post(
        world,
        f"/v1/projects/{world.fcm['project_id']}/messages:send",
        {"message": message | parts},
        f"authorization: Bearer {token or google_token(world)}",
        "content-type: application/json",
    )


def apple_token(world: World, issued_at: float, **claims: str) -> str:
    key = load_pem_private_key(world.apns["key"].encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    header = {"alg": "ES256", "kid": world.apns["key_id"]}
    said = {"iss": world.apns["team_id"], "iat": int(issued_at)} | claims
    signed = ".".join(unpadded(json.dumps(each).encode()) for each in (header, said))
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{unpadded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def unpadded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def send_apns(world: World, device: str, content: Any = None, **headers: str) -> Answer:
    given = {
        "authorization": f"bearer {apple_token(world, time.time())}",
        "apns_topic": world.apns["topic"],
        "apns_push_type": "alert",
    } | headers
    return post(
        world,
        f"/3/device/{device}",
        {"aps": {"alert": {"title": "Ready", "body": "Pizza"}}}
        if content is None
        else content,
        *(f"{name.replace('_', '-')}: {value}" for name, value in given.items()),
    )


def push(world: World, name: str, text: str, **headers: str | int | float) -> Any:
    vapid = Vapid02()
    vapid.generate_keys()
    with trusting_session(world) as session:
        return webpush(
            world.subscription(name),
            text,
            vapid_private_key=vapid,
            vapid_claims={"sub": "mailto:operator@tiffin.example"},
            ttl=60,
            headers=headers,
            requests_session=session,
        )


class Webhook:
    """Somebody's web site that Twilio tells things."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[dict[str, str], str]] = queue.Queue()
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                form = dict(parse_qsl(body.decode(), keep_blank_values=True))
                told.put((form, self.headers["x-twilio-signature"]))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<Response/>")

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/twilio?secret=1"


def signature(world: World, url: str, form: dict[str, str]) -> str:
    text = url
    for name, value in sorted(form.items()):
        text += name + value
    key = world.twilio["auth_token"].encode()
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha1)).decode()


def send_twilio(world: World, number: str, *, secret: str = "", **form: str) -> Answer:
    sid = world.twilio["account_sid"]
    account = f"{sid}:{secret or world.twilio['auth_token']}".encode()
    asked = {"To": number, "From": "+15005550006", "Body": "Your pizza is ready"}
    return post(
        world,
        f"/2010-04-01/Accounts/{sid}/Messages.json",
        urlencode(asked | form).encode(),
        f"authorization: Basic {base64.b64encode(account).decode()}",
        "content-type: application/x-www-form-urlencoded",
    )


class Phone:
    """A client that is bound as transceiver, and what it was told."""

    def __init__(self, world: World, password: str = "") -> None:
        self.answers: list[Any] = []
        self.told: list[Any] = []
        self.client = smpplib.client.Client(
            world.smpp["host"],
            world.smpp["port"],
            timeout=SECONDS,
            allow_unknown_opt_params=True,
        )
        self.client.set_message_sent_handler(self._note_answer)
        self.client.set_message_received_handler(self._take)
        # A refusal comes to the handler above all the same.
        self.client.set_error_pdu_handler(lambda _pdu: None)
        self.client.connect()
        try:
            self.client.bind_transceiver(
                system_id=world.smpp["system_id"],
                password=password or world.smpp["password"],
            )
        except smpplib.exceptions.PDUError:
            self.client.disconnect()
            raise

    def _note_answer(self, pdu: Any) -> None:
        self.answers.append(pdu)

    def _take(self, pdu: Any) -> int:
        self.told.append(pdu)
        return int(smpplib.consts.SMPP_ESME_ROK)

    def send(self, number: str, text: str) -> None:
        parts, encoding, message_class = smpplib.gsm.make_parts(text)
        for part in parts:
            self.client.send_message(
                source_addr="TIFFIN",
                destination_addr=number,
                short_message=part,
                data_coding=encoding,
                esm_class=message_class,
                registered_delivery=True,
            )

    def read_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            # Else it would ask for ever whether the other is there.
            self.client.read_once(auto_send_enquire_link=False)


def mail_to(world: World, address: str) -> None:
    mail = EmailMessage()
    mail["From"] = "Tiffin <hello@tiffin.example>"
    mail["To"] = address
    mail["Subject"] = "Your pizza è pronta"
    mail["Message-ID"] = "<m-1@tiffin.example>"
    mail["List-Unsubscribe"] = "<https://tiffin.example/stop>"
    mail.set_content("Come and get it.")
    with smtplib.SMTP(world.smtp["host"], world.smtp["port"], timeout=SECONDS) as smtp:
        smtp.send_message(mail)
