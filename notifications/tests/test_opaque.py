"""Ids for the world outside."""

from uuid import uuid4

import pytest

from notifications.opaque import opaque_id, pk_of


@pytest.mark.parametrize("pk", [0, 1, 2, 2**63 - 1])
def test_an_id_leads_back_to_its_row(pk):
    assert pk_of("address", opaque_id("address", pk)) == pk


def test_the_same_row_always_has_the_same_id():
    assert opaque_id("address", 7) == opaque_id("address", 7)


def test_rows_of_two_kinds_have_different_ids_and_one_is_none_of_the_other():
    assert opaque_id("address", 7) != opaque_id("section", 7)
    assert pk_of("address", opaque_id("section", 7)) is None


def test_an_id_that_was_guessed_is_of_nothing():
    assert pk_of("address", uuid4()) is None


def test_another_key_makes_other_ids(settings):
    before = opaque_id("address", 7)

    settings.ID_KEY = "another"

    assert opaque_id("address", 7) != before
    assert pk_of("address", before) is None
