"""Starts every listener, says where they are, and ends them all."""

import asyncio
import gc
import signal
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uvloop import new_event_loop

from config.outside_world.apns import Apns
from config.outside_world.backstage import Backstage
from config.outside_world.faults import Faults
from config.outside_world.fcm import Fcm
from config.outside_world.keys import (
    Accounts,
    make_accounts,
    make_certificate,
    write_json,
)
from config.outside_world.ledger import Ledger
from config.outside_world.listener import Listener
from config.outside_world.requests import HttpProvider
from config.outside_world.smpp import Smpp
from config.outside_world.smtp import Mail
from config.outside_world.twilio import Twilio
from config.outside_world.web import Web
from config.outside_world.webpush import WebPush

GARBAGE = 50_000
PROVIDERS = ("fcm", "apns", "webpush", "twilio", "smpp", "smtp")


@dataclass(frozen=True)
class Options:
    ready_file: Path
    ledger: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    plain_port: int = 0
    smtp_port: int = 0
    smpp_port: int = 0


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--ready-file", type=Path, required=True, help="where to write how to connect"
    )
    parser.add_argument(
        "--ledger", type=Path, help="where to write each message, as JSON lines"
    )
    parser.add_argument("--host", default="127.0.0.1")
    for name in ("port", "plain-port", "smtp-port", "smpp-port"):
        parser.add_argument(f"--{name}", type=int, default=0, help="0: any free one")


class OutsideWorld:
    """The providers, before anybody listens."""

    def __init__(self, accounts: Accounts, ledger: Ledger) -> None:
        faults = {name: Faults() for name in PROVIDERS}
        fcm = Fcm(accounts, faults["fcm"], ledger)
        apns = Apns(accounts, faults["apns"], ledger)
        webpush = WebPush(faults["webpush"], ledger)
        self.twilio = twilio = Twilio(accounts, ledger)
        self.smpp = Smpp(accounts, faults["smpp"], ledger)
        self.mail = Mail(faults["smtp"], ledger)
        by_path: dict[str, HttpProvider] = {
            "v1": fcm,
            "3": apns,
            "push": webpush,
            "2010-04-01": twilio,
        }
        backstage = Backstage(
            faults,
            ledger,
            {"twilio": twilio.receive, "smpp": self.smpp.receive},
            revoke=fcm.revoke,
            forget=self.forget,
        )
        self.web = Web(by_path, fcm, faults, backstage)
        for provider in (fcm, apns, webpush, twilio, self.smpp, self.mail):
            ledger.readers[provider.name] = provider.read

    def forget(self) -> None:
        """Forget what people wrote, and what nobody was there to be told."""
        self.twilio.stopped.clear()
        self.smpp.forget()

    def stop_waiting(self) -> None:
        """Let go of the requests that are never to be answered."""
        self.web.closing.set()
        self.mail.closing.set()


def run(options: Options) -> None:
    """Serve until SIGTERM or SIGINT."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(options))


async def _serve(options: Options) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    ledger = Ledger(options.ledger)
    writing = asyncio.create_task(ledger.write_on())
    try:
        await _serve_until(stopped, options, ledger)
    finally:
        writing.cancel()
        ledger.close()


async def _serve_until(
    stopped: asyncio.Event, options: Options, ledger: Ledger
) -> None:
    folder = options.ready_file.absolute().parent / f"{options.ready_file.stem}-keys"
    certificate = make_certificate(folder, options.host)
    secure = Listener(options.host, options.port)
    plain = Listener(options.host, options.plain_port)
    base = f"https://{options.host}:{secure.port}"
    accounts = make_accounts(f"{base}/token")
    world = OutsideWorld(accounts, ledger)
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(world.mail.session, options.host, options.smtp_port)
    smpp = await loop.create_server(world.smpp.session, options.host, options.smpp_port)
    await secure.start(world.web, certificate)
    await plain.start(world.web, None)
    places = {
        "http": base,
        "http_plain": f"http://{options.host}:{plain.port}",
        "smtp": _place(smtp),
        "smpp": _place(smpp) | accounts.smpp(),
        "ca": str(certificate.ca),
    }
    # The ledger's hundred thousand live messages are not garbage to be looked through.
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 100)
    write_json(options.ready_file, places | accounts.as_json())
    await stopped.wait()
    smtp.close()
    smpp.close()
    world.stop_waiting()
    await asyncio.gather(secure.stop(), plain.stop())


def _place(server: asyncio.Server) -> dict[str, Any]:
    host, port, *_ = server.sockets[0].getsockname()
    return {"host": host, "port": port}
