"""What one customer and one owner do, again and again, until the simulation ends."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from config.demo.people import PASSWORD
from config.simulation.pages import FAULTS, Form, Page, SiteError, Visitor

# A spot in the Mission that most of the demo city delivers to.
PLACE = {
    "latitude": "37.761800",
    "longitude": "-122.415600",
    "label": "3180 18th St",
    "street_address": "3180 18th St",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "US",
}
TRIES, PATIENCE = 6, 2
LOOKS_SECONDS = 1.0
CANCELS, REJECTS, PICKS_UP = 0.04, 0.04, 0.2
STEP = re.compile(r"/owner/board/(\d+)/(?:step|end)/([a-z]+)/")
RESTAURANT = re.compile(r"/restaurants/(?!favourites/)[^/?]+/")
# What an owner does next with an order, of what its card offers.
NEXT = ("accept", "preparing", "ready", "out", "complete")


@dataclass
class Progress:
    """What happened so far; threads add to it."""

    counts: Counter[str] = field(default_factory=Counter)
    placed: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_over: threading.Event = field(default_factory=threading.Event)

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def add_order(self, url: str) -> None:
        with self.lock:
            self.counts["placed"] += 1
            self.placed.append(urlsplit(url).path.strip("/").split("/")[-1])

    def add_fault(self, fault: Exception) -> None:
        with self.lock:
            self.counts["faults"] += 1
            self.faults.append(f"{type(fault).__name__}: {fault}")


@dataclass
class Customer:
    """Signs up, and orders each time `next_turn` says so."""

    site: str
    email: str
    progress: Progress
    next_turn: Callable[[], bool]
    dice: random.Random

    def run(self) -> None:
        try:
            self.visitor = self._sign_up()
        except FAULTS as fault:
            self.progress.add_fault(fault)
            return
        while self.next_turn():
            try:
                self._order()
            except FAULTS as fault:
                self.progress.add_fault(fault)

    def _sign_up(self) -> Visitor:
        visitor = Visitor(self.site)
        page = visitor.get("/account/sign-up/")
        page = visitor.send(
            page,
            _form_with(page, "password"),
            {
                "email": self.email,
                "name": "Sim Customer",
                "phone": "+14155550199",
                "password": PASSWORD,
            },
        )
        if "/sign-up/" in page.url:
            raise SiteError(f"sign-up was refused for {self.email}")
        page = visitor.get("/account/place/")
        visitor.send(page, _form_with(page, "latitude"), PLACE)
        return visitor

    def _order(self) -> None:
        """Fill a cart until the checkout takes it, then watch the order to its end."""
        for attempt in range(1, TRIES + 1):
            if not self._add_something():
                continue
            page = self._check_out()
            if attempt % PATIENCE == 0 and "/orders/" not in page.url:
                self._start_anew()
            if "/orders/" in page.url:
                self.progress.add_order(page.url)
                self._follow(page)
                return
        raise SiteError(f"no order came about for {self.email}")

    def _start_anew(self) -> None:
        """Empty the cart: something in it is sold out, or the kitchen has closed."""
        page = self.visitor.get("/cart/")
        while (form := page.form_to("/remove/")) is not None:
            page = self.visitor.send(page, form)

    def _add_something(self) -> bool:
        cart = self.visitor.get("/cart/")
        started = _list_restaurants(cart)
        path = started[0] if started else self._choose_restaurant()
        items = self.visitor.get(path).links_to("/items/")
        if not items:
            return False
        page = self.visitor.get(self.dice.choice(items))
        form = page.form_to("/cart/items/")
        if form is None:
            return False
        self._choose_modifiers(form)
        quantity = str(self.dice.choice((1, 2, 3)))
        answer = self.visitor.send(page, form, {"quantity": quantity, "replace": "1"})
        return answer.status == 200  # noqa: PLR2004

    def _choose_restaurant(self) -> str:
        listed = self.visitor.get("/restaurants/?open_now=1")
        choice = _list_restaurants(listed)
        if not choice:
            raise SiteError("no restaurant is open")
        return self.dice.choice(choice)

    def _choose_modifiers(self, form: Form) -> None:
        by_name: dict[str, list[int]] = {}
        for number, choice in enumerate(form.choices):
            if choice.value:
                by_name.setdefault(choice.name, []).append(number)
        for numbers in by_name.values():
            chosen = self.dice.choice(numbers)
            for choice in form.choices:
                if choice.name == form.choices[chosen].name:
                    choice.is_checked = False
            form.choices[chosen].is_checked = True

    def _check_out(self) -> Page:
        fulfilment = "pickup" if self.dice.random() < PICKS_UP else "delivery"
        page = self.visitor.get("/checkout/")
        for _attempt in range(TRIES):
            form = next((it for it in page.forms if "seen_total" in it.fields), None)
            if form is None:
                return page
            if ("action", "accept") in form.buttons:
                page = self.visitor.send(page, form, press=("action", "accept"))
                continue
            if ("fulfilment", fulfilment) not in form.filled({}):
                wish = {"fulfilment": fulfilment}
                page = self.visitor.send(page, form, wish, ("action", "update"))
                form = _form_with(page, "seen_total")
            page = self.visitor.send(page, form, press=("action", "place"))
            if "/orders/" in page.url:
                return page
        return page

    def _follow(self, page: Page) -> None:
        cancel = page.form_to("/cancel/")
        if cancel is not None and self.dice.random() < CANCELS:
            page = self.visitor.send(page, cancel)
        path = urlsplit(page.url).path
        while not page.has_ended and not self.progress.is_over.is_set():
            time.sleep(LOOKS_SECONDS)
            page = self.visitor.get(f"{path}status/")
        self.progress.count("seen to the end" if page.has_ended else "left waiting")


@dataclass
class Owner:
    """Works through the orders of their restaurants as they come in."""

    site: str
    email: str
    progress: Progress
    dice: random.Random

    def run(self) -> None:
        visitor = Visitor(self.site)
        try:
            page = visitor.get("/owner/login/")
            form = _form_with(page, "username")
            mine = {"username": self.email, "password": PASSWORD}
            page = visitor.send(page, form, mine)
            if "/login/" in page.url:
                raise SiteError(f"{self.email} could not sign in")
        except FAULTS as fault:
            self.progress.add_fault(fault)
            return
        while not self.progress.is_over.is_set():
            try:
                self._work(visitor)
            except FAULTS as fault:
                self.progress.add_fault(fault)
            time.sleep(LOOKS_SECONDS)

    def _work(self, visitor: Visitor) -> None:
        page = visitor.get("/owner/board/cards/")
        offers: dict[str, dict[str, Form]] = {}
        for form in page.forms:
            if found := STEP.search(form.action):
                offers.setdefault(found[1], {})[found[2]] = form
        for steps in offers.values():
            self._take_step(visitor, page, steps)

    def _take_step(self, visitor: Visitor, page: Page, steps: dict[str, Form]) -> None:
        if "reject" in steps and self.dice.random() < REJECTS:
            visitor.send(page, steps["reject"])
            self.progress.count("rejected")
            return
        step = next((name for name in NEXT if name in steps), None)
        if step is None:
            return
        values = {"preparation_minutes": "20"} if step == "accept" else {}
        visitor.send(page, steps[step], values)
        self.progress.count(step)


def _list_restaurants(page: Page) -> list[str]:
    """Return the restaurants that a page leads to."""
    return [it for it in page.links_to("/restaurants/") if RESTAURANT.fullmatch(it)]


def _form_with(page: Page, name: str) -> Form:
    for form in page.forms:
        if name in form.fields:
            return form
    raise SiteError(f"no form with {name} at {page.url}")
