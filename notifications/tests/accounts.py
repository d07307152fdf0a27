"""Accounts with providers, as the settings hold them, with keys made for the tests."""

import functools
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)


@functools.cache
def rsa_key() -> str:
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@functools.cache
def p256_key() -> str:
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def fcm_account(url: str = "https://127.0.0.1:9") -> dict[str, Any]:
    return {
        "FCM": {
            "service_account": {
                "type": "service_account",
                "project_id": "test",
                "private_key_id": "1",
                "private_key": rsa_key(),
                "client_email": "tests@test.example",
                "token_uri": f"{url}/token",
            },
            "url": url,
        }
    }
