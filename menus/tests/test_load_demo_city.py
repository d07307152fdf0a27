import pytest
from django.core.management import call_command

from menus.models import Item
from restaurants.models import Restaurant

pytestmark = pytest.mark.django_db


def test_loading_the_demo_city_twice_leaves_one_city() -> None:
    call_command("load_demo_city")
    before = (Restaurant.objects.count(), Item.objects.count())

    call_command("load_demo_city")

    assert before == (40, 320)
    assert (Restaurant.objects.count(), Item.objects.count()) == before
