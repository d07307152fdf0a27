import io
import json
import os
import stat
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.models import Item, MenuChange
from menus.tests.factories import ItemFactory, MenuFactory, SectionFactory
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
DEARER = b"code,price\nP1,14.00\n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path / "imports"


@pytest.fixture
def owner(client):
    membership = MembershipFactory()
    section = SectionFactory(menu=MenuFactory(restaurant=membership.restaurant))
    ItemFactory(section=section, code="P1")
    client.force_login(membership.user)
    return membership


def url_of(membership, name="menu-import"):
    return reverse(f"owner:{name}", args=[membership.restaurant_id])


def upload(client, membership, content, **fields):
    file = SimpleUploadedFile("menu.csv", content)
    return client.post(url_of(membership), {"file": file, **fields})


def price():
    return Item.objects.get(code="P1").price


def test_the_page_offers_import_export_and_an_example(client, owner):
    page = client.get(url_of(owner)).content.decode()

    assert "Show what it would change" in page
    assert "?format=xlsx" in page
    assert "crustaceans" in page


def test_a_file_is_shown_first_and_saved_once_confirmed(client, owner, folder):
    shown = upload(client, owner, DEARER)

    text = shown.content.decode()
    assert "Nothing has been saved yet." in text
    assert "12.50" in text
    assert "14.00" in text
    assert price() == Decimal("12.50")

    answer = client.post(url_of(owner), {"token": shown.context["token"]}, follow=True)

    assert price() == Decimal(14)
    assert "The menu was imported: 1 row changed it." in answer.content.decode()
    assert MenuChange.objects.get().user == owner.user
    assert list(folder.iterdir()) == []


def test_an_import_is_done_once(client, owner):
    token = upload(client, owner, DEARER).context["token"]
    client.post(url_of(owner), {"token": token})
    Item.objects.update(price=1)

    page = client.post(url_of(owner), {"token": token})

    assert "This preview is too old." in page.content.decode()
    assert price() == Decimal(1)


def test_a_menu_that_changed_meanwhile_is_shown_and_not_changed(client, owner):
    token = upload(client, owner, DEARER).context["token"]
    Item.objects.update(price=1)

    again = client.post(url_of(owner), {"token": token})

    assert "The menu changed since you looked" in again.content.decode()
    assert price() == Decimal(1)

    client.post(url_of(owner), {"token": again.context["token"]})

    assert price() == Decimal(14)


def test_errors_come_first_and_cannot_be_saved(client, owner):
    page = upload(client, owner, b"code,price\nP1,14\nP1,15\n")

    text = page.content.decode()
    assert "This code stands in row 2 already." in text
    assert "Nothing can be saved until every row is right." in text
    assert "Save 1 change" not in text
    assert page.context["outcomes"][0].row == 3

    client.post(url_of(owner), {"token": page.context["token"]})

    assert price() == Decimal("12.50")


def test_missing_items_are_hidden_when_asked(client, owner):
    section = Item.objects.get().section
    ItemFactory(section=section, name="Marinara", code="P2")

    shown = upload(client, owner, DEARER, hide_missing="on")
    client.post(url_of(owner), {"token": shown.context["token"]})

    assert not Item.objects.get(code="P2").is_active


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"\0",
        b"{",
        b"name,colour\nx,red",
        b"a," * 100_000,
        b"x" * (5 * 1024 * 1024 + 1),
    ],
)
def test_what_cannot_be_read_is_said_beside_the_field(client, owner, content):
    page = upload(client, owner, content)

    assert page.status_code == 200
    assert page.context["form"].errors["file"]
    assert 'id="file-error"' in page.content.decode()


def test_no_file_is_said_beside_the_field(client, owner):
    page = client.post(url_of(owner), {})

    assert page.context["form"].errors["file"] == ["Choose a file."]


@pytest.mark.parametrize("token", ["", "x", "x" * 3000, "a:b:c"])
def test_a_forged_token_changes_nothing(client, owner, token):
    upload(client, owner, DEARER)

    page = client.post(url_of(owner), {"token": token})

    assert page.status_code == 200
    assert price() == Decimal("12.50")


def test_a_token_is_of_one_user_and_one_restaurant(client, owner):
    token = upload(client, owner, DEARER).context["token"]
    other = MembershipFactory()
    MembershipFactory(user=owner.user, restaurant=other.restaurant)
    manager = MembershipFactory(
        restaurant=owner.restaurant, role=Membership.Role.MANAGER
    )

    client.post(url_of(other), {"token": token})
    client.force_login(manager.user)
    client.post(url_of(owner), {"token": token})

    assert price() == Decimal("12.50")
    assert Item.objects.count() == 1


def test_a_preview_lasts_an_hour(client, owner):
    token = upload(client, owner, DEARER).context["token"]

    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        page = client.post(url_of(owner), {"token": token})

    assert "This preview is too old." in page.content.decode()
    assert price() == Decimal("12.50")


def test_files_are_private_one_a_user_and_forgotten_after_an_hour(
    client, owner, folder
):
    upload(client, owner, DEARER)
    upload(client, owner, DEARER)
    (first,) = folder.iterdir()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    old = timezone.now().timestamp() - 3700
    os.utime(first, (old, old))
    someone = MembershipFactory()
    client.force_login(someone.user)

    upload(client, someone, DEARER)

    assert not Path(first).exists()


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_the_menu_is_exported(client, owner, kind):
    ItemFactory(name="Somebody else's")

    answer = client.get(url_of(owner, "menu-export"), {"format": kind})

    assert answer.status_code == 200
    assert f'.{kind}"' in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    if kind == "csv":
        text = answer.content.decode("utf-8-sig")
    elif kind == "json":
        text = json.dumps(json.loads(answer.content))
    else:
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        text = str([cell.value for row in book.active for cell in row])
    assert "Margherita" in text
    assert "Somebody else" not in text


def test_an_unknown_format_is_not_found(client, owner):
    answer = client.get(url_of(owner, "menu-export"), {"format": "pdf"})

    assert answer.status_code == 404


def test_exports_take_as_many_queries_for_many_items(client, owner):
    section = Item.objects.get().section
    url = url_of(owner, "menu-export")
    client.get(url)
    for kind in ("csv", "xlsx", "json"):
        with CaptureQueriesContext(connection) as few:
            client.get(url, {"format": kind})
        ItemFactory.create_batch(20, section=section)
        with CaptureQueriesContext(connection) as many:
            client.get(url, {"format": kind})
        assert len(many) == len(few), kind


def test_nobody_else_imports_or_exports(client):
    foreign = MembershipFactory()
    staff = MembershipFactory(restaurant=foreign.restaurant, role=Membership.Role.STAFF)
    names = ["menu-import", "menu-export", "menu-import-example"]
    for user in (MembershipFactory().user, staff.user):
        client.force_login(user)
        for name in names:
            assert client.get(url_of(foreign, name)).status_code == 404
        assert upload(client, foreign, DEARER).status_code == 404
    client.force_login(UserFactory())
    assert client.get(url_of(foreign)).status_code == 302
    client.logout()
    for name in names:
        assert client.get(url_of(foreign, name)).status_code == 302
    assert not Item.objects.exists()


def test_a_manager_may(client):
    manager = MembershipFactory(role=Membership.Role.MANAGER)
    client.force_login(manager.user)

    assert client.get(url_of(manager)).status_code == 200
