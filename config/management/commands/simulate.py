import random
import threading
import time
from argparse import ArgumentParser
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.simulation.accounts import expected_keys, reckon, wait_until_told
from config.simulation.people import Customer, Owner, Progress
from customers.models import User
from orders.models import Order

FULFIL_SECONDS = 180
TELL_SECONDS = 180
MOST_CUSTOMERS = 24


class Command(BaseCommand):
    help = (
        "Let many customers order and owners fulfil through the running site's pages, "
        "in the demo city; then count whether every order and notification is there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=100)
        parser.add_argument("--rate", type=float, default=5, help="orders a second")
        parser.add_argument("--url", default=settings.SITE_URL)
        parser.add_argument("--seed", type=int, default=1)

    def handle(
        self,
        *args: Any,
        orders: int,
        rate: float,
        url: str,
        seed: int,
        **options: Any,
    ) -> None:
        if orders < 1 or rate <= 0:
            raise CommandError("--orders and --rate must be more than zero.")
        owners = _owners()
        if not owners:
            raise CommandError("The simulation needs the demo city: load_demo_city.")
        self.progress = Progress()
        self.turns = threading.Semaphore(0)
        self.left = orders
        run = uuid4().hex[:8]
        count = min(orders, MOST_CUSTOMERS)
        emails = [f"simulated-{run}-{number}@tiffin.example" for number in range(count)]
        started = time.monotonic()
        customers = [
            threading.Thread(
                target=Customer(
                    url,
                    email,
                    self.progress,
                    self._next_turn,
                    random.Random(seed + n),  # noqa: S311
                ).run,
                daemon=True,
            )
            for n, email in enumerate(emails)
        ]
        kitchens = [
            threading.Thread(
                target=Owner(url, email, self.progress, random.Random(seed)).run,  # noqa: S311
                daemon=True,
            )
            for email in owners
        ]
        self.stdout.write(f"{count} customers and {len(kitchens)} owners at {url}")
        for thread in (*customers, *kitchens):
            thread.start()
        self._hand_out_turns(orders, rate, count)
        self._watch(customers)
        seconds = time.monotonic() - started
        self.progress.is_over.set()
        for thread in (*customers, *kitchens):
            thread.join(60)
        self._reckon(orders, emails, seconds)

    def _next_turn(self) -> bool:
        self.turns.acquire()
        with self.progress.lock:
            self.left -= 1
            return self.left >= 0

    def _hand_out_turns(self, orders: int, rate: float, customers: int) -> None:
        for number in range(orders):
            self.turns.release()
            time.sleep(1 / rate)
            if number % max(1, int(rate * 5)) == 0:
                self._tell()
        # One more each, which tells a customer that there is nothing left to order.
        for _customer in range(customers):
            self.turns.release()

    def _watch(self, customers: list[threading.Thread]) -> None:
        deadline = time.monotonic() + FULFIL_SECONDS
        while any(it.is_alive() for it in customers) and time.monotonic() < deadline:
            time.sleep(2)
            self._tell()

    def _tell(self) -> None:
        counts = self.progress.counts
        self.stdout.write(
            f"placed {counts['placed']}, accepted {counts['accept']}, on the way "
            f"{counts['out']}, done {counts['complete']}, seen to the end "
            f"{counts['seen to the end']}, faults {counts['faults']}"
        )

    def _reckon(self, wanted: int, emails: list[str], seconds: float) -> None:
        orders = list(Order.objects.filter(customer__email__in=emails))
        keys = expected_keys(orders)
        account = wait_until_told(keys, seconds=TELL_SECONDS, tell=self.stdout.write)
        result = reckon(
            wanted=wanted,
            placed=self.progress.placed,
            orders=orders,
            account=account,
            keys=len(keys),
        )
        for name, found, expected in result.lines:
            mark = "ok " if found == expected else "BAD"
            self.stdout.write(f"{mark} {name}: {found} of {expected}")
        for fault in self.progress.faults[:20]:
            self.stdout.write(f"fault: {fault}")
        self.stdout.write(
            f"{len(orders)} orders in {seconds:.0f} s, "
            f"{sum(account.messages.values())} messages, "
            f"{len(self.progress.faults)} faults"
        )
        if not result.reconciles:
            raise CommandError("It does not reconcile.")
        self.stdout.write(self.style.SUCCESS("Everything reconciles."))


def _owners() -> list[str]:
    return list(
        User.objects.filter(
            memberships__restaurant__source="demo", email__endswith="@tiffin.example"
        )
        .distinct()
        .order_by("pk")
        .values_list("email", flat=True)
    )
