"""Where a page of a list ended."""

import base64

import pytest

from customers.paging import read_position, write_position


def test_a_cursor_leads_back_to_its_position():
    assert read_position(write_position(["2026-11-21", 7])) == ["2026-11-21", 7]


def test_a_cursor_tells_nothing_of_the_rows():
    cursor = write_position(["2026-11-21", 161])

    raw = base64.urlsafe_b64decode(cursor + "==")
    assert b"161" not in raw
    assert b"2026" not in raw


@pytest.mark.parametrize(
    "text",
    ["", "x", "é", "\ud800", "a" * 501, "AAAA", base64.b64encode(b'["x", 1]').decode()],
)
def test_what_no_list_gave_out_is_no_cursor(text):
    with pytest.raises(ValueError, match=r"."):
        read_position(text)


def test_a_cursor_that_was_changed_is_none():
    cursor = write_position([1, 2])

    with pytest.raises(ValueError, match="not sealed here"):
        read_position(("B" if cursor[0] == "A" else "A") + cursor[1:])
