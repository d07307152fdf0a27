"""The catalogue of another language is whole, and pages are written by it."""

import gettext
import re
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation.template import templatize

from customers.models import User
from customers.tests.factories import AddressFactory, UserFactory
from menus.models import Item
from menus.templatetags.money import money, signed_money
from menus.tests.factories import ItemFactory
from notifications.models import Notification
from notifications.services.planning import plan_next_batch
from orders.models import Order, OrderEvent
from orders.services import Actor, accept_order
from orders.tests.factories import MISSION, fill_cart, submit
from restaurants.tests.factories import MembershipFactory

ROOT = settings.BASE_DIR
CATALOGUE = ROOT / "locale/ar/LC_MESSAGES/django"
PAGES = (
    *("base.html", "home.html", "403.html", "404.html", "500.html", "components"),
    *("403_csrf.html", "account", "app", "customers", "menus", "orders", "restaurants"),
    "notifications",
)
# Read by restaurants and not by who orders: English until somebody translates them.
RESTAURANTS = re.compile(
    r"restaurants/join|notifications/(application_approved|application_refused"
    r"|board_silent|claim_made|line_change_answered|order_cancelled_for_restaurant"
    r"|order_placed|order_waiting|orders_stopped|paused_after_misses|review_written)/"
)
SCRIPTS = (
    *("customers/exceptions.py", "customers/forms.py", "customers/views"),
    *("orders/views", "orders/selectors", "restaurants/availability.py"),
    *("restaurants/templatetags", "notifications/forms.py", "notifications/views.py"),
)
# gettext, and the names it is imported under; an argument each, but for these.
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    "npgettext": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}|%%")
# Arabic has a form each for none, one and two: the number may go without saying.
SAID_BY_FORM = 3
FORMS = 6
ARABIC_INDIC_DIGITS = re.compile("[٠-٩۰-۹]")


def read_catalogue() -> Catalog:
    with CATALOGUE.with_suffix(".po").open("rb") as file:
        return read_po(file, locale="ar")


def list_translated() -> list[Message]:
    return [one for one in read_catalogue() if one.id and any(forms_of(one))]


def forms_of(message: Message) -> tuple[str, ...]:
    words = message.string
    return (words,) if isinstance(words, str) else tuple(words or ())


def sources(root: Path, names: tuple[str, ...], pattern: str) -> Iterator[Path]:
    for name in names:
        path = root / name
        yield from sorted(path.rglob(pattern)) if path.is_dir() else [path]


def strings_of(source: str) -> set[tuple[str, ...]]:
    """Return what a Python source, or a template made one, has translated."""
    flat = "\n".join(line.lstrip() for line in source.splitlines())
    found = extract("python", BytesIO(flat.encode()), keywords=KEYWORDS)
    return {words if isinstance(words, tuple) else (words,) for _, words, _, _ in found}


def test_every_text_a_customer_reads_is_in_arabic():
    known = {
        one.id if isinstance(one.id, tuple) else (one.id,)
        for one in list_translated()
        if not one.fuzzy
    }
    missing = {}
    for path in sources(ROOT / "templates", PAGES, "*.*"):
        if not RESTAURANTS.search(path.as_posix()):
            missing[path] = strings_of(templatize(path.read_text())) - known
    for path in sources(ROOT, SCRIPTS, "*.py"):
        missing[path] = strings_of(path.read_text()) - known

    assert len(missing) > 100
    assert not {
        str(path.relative_to(ROOT)): texts for path, texts in missing.items() if texts
    }


def test_what_is_used_is_what_the_translators_wrote():
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for one in list_translated():
        if isinstance(one.id, tuple):
            numbers = (0, 1, 2, 3, 11, 100)
            said = [compiled.ngettext(*one.id, number) for number in numbers]
        else:
            said = [compiled.gettext(one.id)]
        assert tuple(said) == forms_of(one)


def test_a_translation_has_the_blanks_of_what_it_translates():
    for one in list_translated():
        english = one.id[-1] if isinstance(one.id, tuple) else one.id
        blanks = sorted(PLACEHOLDER.findall(english))
        for number, words in enumerate(forms_of(one)):
            own = sorted(PLACEHOLDER.findall(words))
            if isinstance(one.id, tuple) and number < SAID_BY_FORM:
                assert len(blanks) - len(own) in (0, 1), words
                assert set(own) <= set(blanks), words
            else:
                assert own == blanks, words


def test_a_text_with_a_number_has_all_forms_of_arabic():
    for one in list_translated():
        if isinstance(one.id, tuple):
            assert len(forms_of(one)) == FORMS
            assert all(forms_of(one)), one.id


@pytest.fixture
def ada(db: None) -> User:
    ada = UserFactory.create(locale="ar")
    AddressFactory.create(user=ada)
    return ada


@pytest.fixture
def lasagne(db: None) -> Item:
    return ItemFactory.create()


@pytest.fixture
def order(ada: User, lasagne: Item) -> Order:
    return submit(fill_cart(ada, lasagne), ada, place=MISSION)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("home", "طعام لذيذ"),
        ("restaurants:restaurant-list", "ترتيب حسب"),
        ("restaurant", "ابحث في هذه القائمة"),
        ("menus:item-detail", "أضف إلى السلة"),
        ("orders:cart-detail", "سلتك"),
        ("orders:checkout", "إتمام الطلب"),
        ("orders:order-detail", "ما طلبته"),
        ("orders:order-receipt", "إيصال الطلب"),
        ("orders:order-list", "طلباتك"),
        ("notifications:inbox", "الإشعارات"),
        ("notifications:preferences", "ساعات الهدوء"),
        ("customers:profile", "ملفك الشخصي"),
        ("customers:address-list", "عناوينك"),
    ],
)
def test_a_page_is_written_from_right_to_left(
    client: Client, ada: User, lasagne: Item, order: Order, name: str, words: str
):
    fill_cart(ada, lasagne)
    client.force_login(ada)
    arguments = {
        "menus:item-detail": [lasagne.public_id],
        "orders:order-detail": [order.public_id],
        "orders:order-receipt": [order.public_id],
    }
    if name == "restaurant":
        path = lasagne.restaurant.get_absolute_url()
    else:
        path = reverse(name, args=arguments.get(name))
    answer = client.get(path)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert '<html lang="ar"' in page
    assert 'dir="rtl"' in page
    assert words in page
    # Prices, times and counts are all in the same digits.
    assert not ARABIC_INDIC_DIGITS.search(page)


def test_a_price_stays_whole_among_letters_from_right_to_left():
    with translation.override("ar"):
        assert money(Decimal("12.5"), "USD") == "\u206612.50\xa0US$\u2069"
        assert signed_money(Decimal(1), "USD") == "\u2066+1.00\xa0US$\u2069"
        assert signed_money(Decimal(-1), "USD") == "\u2066-1.00\xa0US$\u2069"


def test_a_message_is_in_the_language_of_who_gets_it(ada: User, order: Order):
    owner = MembershipFactory.create(restaurant=order.restaurant)
    with translation.override("en"):
        accept_order(
            order_pk=order.pk, actor=Actor(OrderEvent.Actor.RESTAURANT, owner.user)
        )
        while plan_next_batch(lane="standard").taken:
            pass

    told = Notification.objects.select_related("wording").get(
        recipient=ada, event__topic="order_accepted"
    )
    assert told.wording.title == f"قبِل {order.restaurant_name} طلبك"
