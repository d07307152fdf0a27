import signal
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from notifications.services.receiving import Receiver


class Command(BaseCommand):
    help = "Take in receipts and replies from the carrier's SMPP centre."

    def handle(self, *args: Any, **options: Any) -> None:
        account = settings.NOTIFICATIONS.get("SMPP")
        if account is None:
            raise CommandError("There is no account with a centre: set SMPP_URL.")
        stopped = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        Receiver(**account).run(stopped)
