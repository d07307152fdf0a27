"""Keys, certificate and accounts, made anew at every start."""

import datetime
import ipaddress
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

PROJECT = "tiffin-outside-world"
TOPIC = "example.tiffin.customers"
CERTIFICATE_DAYS = 30


@dataclass(frozen=True)
class Accounts:
    """What a client must know to be let in, and the keys to check it by."""

    service_account: dict[str, str]
    google_key: rsa.RSAPublicKey
    team_id: str
    key_id: str
    apns_pem: str
    apns_key: ec.EllipticCurvePublicKey
    account_sid: str
    auth_token: str
    system_id: str
    password: str

    def smpp(self) -> dict[str, str]:
        return {"system_id": self.system_id, "password": self.password}

    def as_json(self) -> dict[str, Any]:
        return {
            "fcm": {"project_id": PROJECT, "service_account": self.service_account},
            "apns": {
                "team_id": self.team_id,
                "key_id": self.key_id,
                "key": self.apns_pem,
                "topic": TOPIC,
            },
            "twilio": {"account_sid": self.account_sid, "auth_token": self.auth_token},
        }


def make_key() -> str:
    """Return a P-256 private key in PEM, for a sender of Web Push."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def make_accounts(token_uri: str) -> Accounts:
    google = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    apple = ec.generate_private_key(ec.SECP256R1())
    return Accounts(
        service_account=_service_account(_pem(google), token_uri),
        google_key=google.public_key(),
        team_id=secrets.token_hex(5).upper(),
        key_id=secrets.token_hex(5).upper(),
        apns_pem=_pem(apple),
        apns_key=apple.public_key(),
        account_sid="AC" + secrets.token_hex(16),
        auth_token=secrets.token_hex(16),
        system_id="tiffin",
        password=secrets.token_hex(4),
    )


def _service_account(private_key: str, token_uri: str) -> dict[str, str]:
    email = f"sender@{PROJECT}.iam.gserviceaccount.com"
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": secrets.token_hex(20),
        "private_key": private_key,
        "client_email": email,
        "client_id": str(secrets.randbelow(10**21)),
        "auth_uri": token_uri.removesuffix("token") + "auth",
        "token_uri": token_uri,
        "auth_provider_x509_cert_url": token_uri.removesuffix("token") + "certs",
        "client_x509_cert_url": token_uri.removesuffix("token") + f"x509/{email}",
        "universe_domain": "googleapis.com",
    }


@dataclass(frozen=True)
class Certificate:
    ca: Path
    chain: Path
    key: Path


def make_certificate(folder: Path, host: str) -> Certificate:
    """Write a certificate for this machine, and the authority that signed it.

    They are two, because some clients refuse an authority as a server.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, "Tiffin's outside world")]
    )
    authority = _authority(name, authority_key)
    server = _server(name, authority_key, server_key.public_key(), host)
    made = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    made.ca.write_bytes(authority.public_bytes(Encoding.PEM))
    made.chain.write_bytes(
        server.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM)
    )
    made.key.touch(mode=0o600)
    made.key.write_text(_pem(server_key))
    return made


def _builder(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251 (works without Django)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    usage = {
        "content_commitment": False,
        "key_encipherment": False,
        "data_encipherment": False,
        "key_agreement": False,
        "encipher_only": False,
        "decipher_only": False,
    }
    return (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True, **usage
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )


def _server(
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePublicKey,
    host: str,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    addresses = {"127.0.0.1", host} - {"localhost"}
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
        ]
    )
    return (
        _builder(issuer, subject, key)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]),
            critical=False,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, hashes.SHA256())
    )


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write it so that nobody ever reads half of it."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=2))
    draft.replace(path)
