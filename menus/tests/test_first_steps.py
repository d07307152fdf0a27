"""What a restaurant has to do before it goes live, read from its data."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from menus.tests.factories import ItemFactory, MenuFactory, SectionFactory
from restaurants.exceptions import StepsMissingError
from restaurants.models import BoardPresence, Restaurant
from restaurants.services.joining import go_live, list_missing_steps, list_steps
from restaurants.tests.factories import RestaurantFactory

pytestmark = pytest.mark.django_db
Status = Restaurant.Status


def set_up(restaurant):
    menu = MenuFactory(restaurant=restaurant)
    section = SectionFactory(menu=menu)
    for name in ("Margherita", "Marinara", "Diavola"):
        ItemFactory(section=section, name=name)
    Restaurant.objects.filter(pk=restaurant.pk).update(street_address="Here 1")
    BoardPresence.objects.create(restaurant=restaurant, seen_at=timezone.now())


def codes(restaurant):
    return {step.code for step in list_missing_steps(restaurant)}


def test_the_steps_are_read_from_the_data():
    restaurant = RestaurantFactory(status="setting_up", hours=[], phone="")
    assert codes(restaurant) == {"contact", "hours", "menu", "board", "test_order"}

    set_up(restaurant)
    Restaurant.objects.update(phone="+14155550188")
    restaurant.opening_hours.create(weekday=0, opens_at="10:00", closes_at="20:00")

    assert codes(Restaurant.objects.get()) == {"test_order"}


def test_hidden_items_and_items_without_a_price_are_no_menu():
    restaurant = RestaurantFactory(status="setting_up")
    section = SectionFactory(menu=MenuFactory(restaurant=restaurant))
    for changes in ({}, {}, {"is_active": False}, {"price": 0}):
        ItemFactory(section=section, **changes)

    assert "menu" in codes(restaurant)


def test_a_photo_of_a_dish_is_a_photo():
    restaurant = RestaurantFactory(status="setting_up")
    file = BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG")
    section = SectionFactory(menu=MenuFactory(restaurant=restaurant))
    done = {step.code: is_done for step, is_done in list_steps(restaurant)}
    assert not done["photo"]

    ItemFactory(section=section, photo=SimpleUploadedFile("a.png", file.getvalue()))

    done = {step.code: is_done for step, is_done in list_steps(restaurant)}
    assert done["photo"]


def test_a_restaurant_cannot_go_live_before_its_steps_are_done():
    restaurant = RestaurantFactory(status="setting_up")
    set_up(restaurant)

    with pytest.raises(StepsMissingError) as caught:
        go_live(restaurant_pk=restaurant.pk)

    assert "A test order" in str(caught.value)
    assert Restaurant.objects.get().status == Status.SETTING_UP
