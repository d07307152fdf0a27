from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from menus.models import Item, ItemModifierGroup, Menu, Modifier, ModifierGroup, Section
from restaurants.tests.factories import RestaurantFactory


class MenuFactory(DjangoModelFactory[Menu]):
    restaurant = factory.SubFactory(RestaurantFactory)
    name = "Dinner"

    class Meta:
        model = Menu


class SectionFactory(DjangoModelFactory[Section]):
    menu = factory.SubFactory(MenuFactory)
    name = "Pizza"

    class Meta:
        model = Section


class ItemFactory(DjangoModelFactory[Item]):
    section = factory.SubFactory(SectionFactory)
    restaurant = factory.SelfAttribute("section.menu.restaurant")
    name = "Margherita"
    price = Decimal("12.50")

    class Meta:
        model = Item


class ModifierGroupFactory(DjangoModelFactory[ModifierGroup]):
    restaurant = factory.SubFactory(RestaurantFactory)
    name = "Size"
    min_choices = 1
    max_choices = 1

    class Meta:
        model = ModifierGroup


class ModifierFactory(DjangoModelFactory[Modifier]):
    group = factory.SubFactory(ModifierGroupFactory)
    name = "Large"
    price_difference = Decimal("3.00")

    class Meta:
        model = Modifier


def offer(item: Item, group: ModifierGroup, *, position: int = 0) -> None:
    """Offer a modifier group with an item."""
    ItemModifierGroup.objects.create(item=item, group=group, position=position)
