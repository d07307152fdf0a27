"""Files that are broken, odd, or made to hurt."""

import io
import json
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menus.exceptions import NoTableError
from menus.services.outcomes import Action
from menus.services.sheets import escape_text, unescape_text
from menus.services.uploads import try_import
from menus.tests.factories import ItemFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def trattoria():
    """Return a restaurant with a pizza of the code P1."""
    return ItemFactory(code="P1").restaurant


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@given(st.text())
def test_escaping_text_can_be_undone(text):
    kept = "".join(c for c in text if c >= " " or c in "\t\n\r")

    assert unescape_text(escape_text(text)) == kept
    assert not escape_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def bomb():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        for number in range(5):
            parts.writestr(f"xl/{number}.xml", b" " * 10_000_000)
    return packed.getvalue()


def wide_workbook():
    """Return a sheet whose one cell claims to stand in a column far to the right."""
    plain = workbook(["code", "name"], ["P1", "x"])
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(plain)) as before,
        zipfile.ZipFile(packed, "w") as after,
    ):
        for part in before.infolist():
            content = before.read(part)
            if part.filename.endswith("sheet1.xml"):
                content = content.replace(b'r="B2"', b'r="ZZZZZZ9999999"')
            after.writestr(part.filename, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"\0\0\0\0",
        b"code,name\nP1,a\0b\n",
        b"PK\x03\x04 no spreadsheet",
        b"\xd0\xcf\x11\xe0 old Excel",
        b"\x81\x8d\x8f",
        b"\xff\xfe\x00",
        b'code,name\n"P1,never closed',
        ("a," * 1_000_000).encode(),
        b"name\n" + b"," * 1_000_000,
        b"x" * 6_000_000,
        b"name\n" + b"x\n" * 5_001,
        ('name\n"' + "x" * 200_000 + '"').encode(),
        b"name,colour\nMargherita,red",
        b"name,name\nMargherita,red",
        b"price\n1",
        b"[]",
        b"{}",
        b"{",
        b'{"items": 5}',
        b'{"items": [], "menus": {"a": 1}}',
        b'{"items": [NaN]}',
        b'{"items": [{"id": "a\\u0000b"}]}',
        b'{"items": [{"id": "\\ud800"}]}',
        b"[" * 200_000,
    ],
)
def test_what_is_no_menu_is_refused_in_words(trattoria, content):
    with pytest.raises(NoTableError):
        try_import(restaurant=trattoria, content=content)


def test_spreadsheets_made_to_hurt_are_refused(trattoria):
    for content in (bomb(), wide_workbook()):
        try:
            report = try_import(restaurant=trattoria, content=content)
        except NoTableError:
            continue
        assert report.counts[Action.CREATE] == 0


def test_a_formula_in_a_spreadsheet_is_not_calculated(trattoria):
    content = workbook(["code", "name"], ["P1", '=HYPERLINK("http://x.example")'])

    report = try_import(restaurant=trattoria, content=content)

    # A formula that nobody has calculated has no value yet.
    assert [one.action for one in report.outcomes] == [Action.SAME]


@pytest.mark.parametrize(
    "row",
    [
        {"id": ["a"]},
        {"id": "m", "title": 5},
        {"id": "m", "title": {"translations": {"en": "M"}}, "category_ids": 5},
        {"id": "m", "title": {"translations": {"en": "M"}}, "category_ids": [[], {}]},
        5,
        None,
        {
            "id": "m",
            "title": {"translations": {"en": "M"}},
            "service_availability": [{"day_of_week": "someday"}],
        },
    ],
)
def test_odd_menus_in_json_are_errors_of_their_row(trattoria, row):
    content = json.dumps({"menus": [row]}).encode()

    report = try_import(restaurant=trattoria, content=content)

    assert report.counts[Action.ERROR] >= 1


@pytest.mark.parametrize(
    "fields",
    [
        {"price_info": {"price": True}},
        {"price_info": {"price": 10**30}},
        {"price_info": {"price": -1}},
        {"price_info": 7},
        {"price_info": {"price": 1}, "tax_info": {"tax_rate": "x"}},
        {"price_info": {"price": 1}, "modifier_group_ids": {"ids": [{}]}},
        {
            "price_info": {"price": 1},
            "suspension_info": {"suspension": {"suspend_until": 10**30}},
        },
        {"price_info": {"price": 1}, "dish_info": 5},
    ],
)
def test_odd_items_in_json_are_errors_of_their_row(trattoria, fields):
    title = {"translations": {"en": "M"}}
    document = {
        "menus": [{"id": "m", "title": title, "category_ids": ["c"]}],
        "categories": [{"id": "c", "title": title, "entities": [{"id": "i"}]}],
        "items": [{"id": "i", "title": title, **fields}],
    }

    report = try_import(restaurant=trattoria, content=json.dumps(document).encode())

    assert report.counts[Action.ERROR] == 1


@pytest.mark.parametrize("most", [10**30, "x", -1, [], 0])
def test_odd_groups_in_json_are_never_a_crash(trattoria, most):
    document = {
        "modifier_groups": [
            {
                "id": "g",
                "title": {"translations": {"en": "G"}},
                "quantity_info": {"quantity": {"max_permitted": most}},
            }
        ]
    }

    report = try_import(restaurant=trattoria, content=json.dumps(document).encode())

    assert len(report.outcomes) == 1
