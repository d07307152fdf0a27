from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.exceptions import CannotTakeBackError
from menus.models import (
    Item,
    Menu,
    MenuChange,
    MenuHours,
    Modifier,
    ModifierGroup,
    Section,
)
from menus.services.history import record_changes, undo_change
from menus.tests.factories import (
    ItemFactory,
    MenuFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return UserFactory()


def recording(item, user, summary=""):
    return record_changes(restaurant_pk=item.restaurant_id, user=user, summary=summary)


def make_dearer(item, user, price="14.00"):
    with recording(item, user):
        Item.objects.filter(pk=item.pk).update(price=Decimal(price))
    return MenuChange.objects.first()


def test_a_change_keeps_who_changed_what_from_what_to_what(ada):
    margherita = ItemFactory()

    change = make_dearer(margherita, ada)

    assert (change.user, change.summary) == (ada, "Item “Margherita” changed")
    assert change.rows == [
        {
            "model": "Item",
            "pk": margherita.pk,
            "name": "Margherita",
            "before": {"price": "12.50"},
            "after": {"price": "14.00"},
        }
    ]


def test_nothing_is_kept_when_nothing_differs(ada):
    margherita = ItemFactory()

    with recording(margherita, ada):
        margherita.save()

    assert not MenuChange.objects.exists()


def test_what_the_evening_changes_is_not_kept(ada):
    margherita = ItemFactory(portions_left=5)

    with recording(margherita, ada):
        Item.objects.update(
            portions_left=4, sold_out_until=timezone.now() + timedelta(hours=1)
        )

    assert not MenuChange.objects.exists()


def test_a_recording_inside_another_keeps_one_change(ada):
    margherita = ItemFactory()

    with recording(margherita, ada, "Outer"):
        with recording(margherita, ada, "Inner"):
            Item.objects.update(price=1)
        Item.objects.update(name="Marinara")

    assert [change.summary for change in MenuChange.objects.all()] == ["Outer"]


def test_a_failure_changes_and_keeps_nothing(ada):
    margherita = ItemFactory()

    def fail():
        with recording(margherita, ada):
            Item.objects.update(price=1)
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    margherita.refresh_from_db()
    assert margherita.price == Decimal("12.50")
    assert not MenuChange.objects.exists()


def test_another_restaurants_rows_are_not_kept(ada):
    margherita, foreign = ItemFactory(), ItemFactory()

    with recording(margherita, ada):
        Item.objects.filter(pk=foreign.pk).update(price=1)

    assert not MenuChange.objects.exists()


def test_a_draft_is_not_kept(ada):
    margherita = ItemFactory()
    draft = MenuFactory(
        restaurant=margherita.restaurant,
        draft_of=margherita.section.menu,
        is_active=False,
    )

    with recording(margherita, ada):
        ItemFactory(section=SectionFactory(menu=draft), is_draft=True)

    assert not MenuChange.objects.exists()


def test_a_snapshot_takes_as_many_queries_for_many_items(
    ada, django_assert_max_num_queries
):
    margherita = ItemFactory()
    group = ModifierGroupFactory(restaurant=margherita.restaurant)
    for number in range(30):
        item = ItemFactory(section=margherita.section, name=f"Pizza {number}")
        offer(item, group)
        ModifierFactory(group=group, name=f"Size {number}")

    with django_assert_max_num_queries(22), recording(margherita, ada):
        Item.objects.update(price=1)


def test_a_change_is_taken_back_and_that_too(ada):
    margherita = ItemFactory()
    change = make_dearer(margherita, ada)

    undo = undo_change(change_pk=change.pk, user=ada)

    margherita.refresh_from_db()
    change.refresh_from_db()
    assert margherita.price == Decimal("12.50")
    assert change.undone_by == undo
    assert undo.summary == "Taken back: Item “Margherita” changed"

    undo_change(change_pk=undo.pk, user=ada)

    margherita.refresh_from_db()
    assert margherita.price == Decimal("14.00")


def test_a_change_is_taken_back_once(ada):
    change = make_dearer(ItemFactory(), ada)
    undo_change(change_pk=change.pk, user=ada)

    with pytest.raises(CannotTakeBackError):
        undo_change(change_pk=change.pk, user=ada)

    assert MenuChange.objects.count() == 2


def test_what_was_changed_since_stands_in_the_way_and_nothing_is_done(ada):
    margherita = ItemFactory()
    marinara = ItemFactory(section=margherita.section, name="Marinara")
    with recording(margherita, ada):
        Item.objects.update(price=Decimal(20))
    first = MenuChange.objects.get()
    make_dearer(margherita, ada, "21.00")

    with pytest.raises(CannotTakeBackError) as refusal:
        undo_change(change_pk=first.pk, user=ada)

    assert refusal.value.obstacles == ["“Margherita” was changed since."]
    marinara.refresh_from_db()
    assert marinara.price == Decimal(20)


def test_what_was_deleted_is_made_again_as_it_was(ada):
    margherita = ItemFactory(allergens=["milk"], code="P1")
    size = ModifierGroupFactory(restaurant=margherita.restaurant)
    dip = ModifierGroupFactory(restaurant=margherita.restaurant, name="Dip")
    large = ModifierFactory(group=size)
    large.nested_groups.add(dip)
    offer(margherita, size)
    menu = margherita.section.menu
    MenuHours.objects.create(
        menu=menu, weekday=4, opens_at=time(11), closes_at=time(15)
    )
    with recording(margherita, ada):
        Menu.objects.filter(pk=menu.pk).delete()
        ModifierGroup.objects.filter(pk=size.pk).delete()

    undo_change(change_pk=MenuChange.objects.get().pk, user=ada)

    again = Item.objects.get(pk=margherita.pk)
    assert (again.public_id, again.price) == (margherita.public_id, Decimal("12.50"))
    assert (again.allergens, again.code) == (["milk"], "P1")
    assert [group.name for group in again.modifier_groups.all()] == ["Size"]
    assert list(Modifier.objects.get(pk=large.pk).nested_groups.all()) == [dip]
    assert Menu.objects.get(pk=menu.pk).hours.get().opens_at == time(11)


def test_what_was_added_is_deleted(ada):
    margherita = ItemFactory()
    with recording(margherita, ada):
        ItemFactory(
            section=SectionFactory(menu=margherita.section.menu, name="Drinks"),
            name="Water",
        )

    undo_change(change_pk=MenuChange.objects.get().pk, user=ada)

    assert [item.name for item in Item.objects.all()] == ["Margherita"]
    assert [section.name for section in Section.objects.all()] == ["Pizza"]


def test_a_section_that_holds_more_since_is_not_taken_back(ada):
    margherita = ItemFactory()
    with recording(margherita, ada):
        drinks = SectionFactory(menu=margherita.section.menu, name="Drinks")
    ItemFactory(section=drinks, name="Water")

    with pytest.raises(CannotTakeBackError):
        undo_change(change_pk=MenuChange.objects.get().pk, user=ada)

    assert Item.objects.filter(name="Water").exists()


def test_codes_that_were_exchanged_go_back(ada):
    one = ItemFactory(code="A")
    two = ItemFactory(section=one.section, name="Marinara", code="B")
    with recording(one, ada):
        Item.objects.filter(pk=one.pk).update(code="")
        Item.objects.filter(pk=two.pk).update(code="A")
        Item.objects.filter(pk=one.pk).update(code="B")

    undo_change(change_pk=MenuChange.objects.get().pk, user=ada)

    assert dict(Item.objects.values_list("name", "code")) == {
        "Margherita": "A",
        "Marinara": "B",
    }


def test_a_code_given_away_since_stands_in_the_way(ada):
    one = ItemFactory(code="A")
    with recording(one, ada):
        Item.objects.filter(pk=one.pk).update(code="B")
    two = ItemFactory(section=one.section, name="Marinara", code="A")

    with pytest.raises(CannotTakeBackError):
        undo_change(change_pk=MenuChange.objects.get().pk, user=ada)

    two.refresh_from_db()
    assert two.code == "A"


# The pages.


@pytest.fixture
def owner(client):
    membership = MembershipFactory()
    client.force_login(membership.user)
    return membership


def own_item(membership, **fields):
    section = SectionFactory(menu=MenuFactory(restaurant=membership.restaurant))
    return ItemFactory(section=section, **fields)


def test_the_history_shows_who_when_and_what(client, owner):
    make_dearer(own_item(owner), owner.user)

    page = client.get(reverse("owner:menu-history", args=[owner.restaurant_id]))

    text = page.content.decode()
    assert page.status_code == 200
    assert "Item “Margherita” changed" in text
    assert owner.user.name in text
    assert "12.50" in text
    assert "14.00" in text


def test_a_long_history_takes_as_many_queries_and_has_pages(client, owner):
    item = own_item(owner)
    url = reverse("owner:menu-history", args=[owner.restaurant_id])
    make_dearer(item, owner.user, "1.00")
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    for number in range(2, 27):
        make_dearer(item, owner.user, f"{number}.00")
    with CaptureQueriesContext(connection) as many:
        first = client.get(url)
    second = client.get(url, {"before": first.context["older"]})

    assert len(many) == len(one)
    assert len(first.context["changes"]) == 20
    assert len(second.context["changes"]) == 6
    assert second.context["older"] is None


def test_an_odd_place_in_the_history_is_its_beginning(client, owner):
    make_dearer(own_item(owner), owner.user)
    url = reverse("owner:menu-history", args=[owner.restaurant_id])

    for odd in ("x", "-1", "9" * 30, "²"):
        assert len(client.get(url, {"before": odd}).context["changes"]) == 1


def test_a_change_is_taken_back_on_its_page(client, owner):
    item = own_item(owner)
    change = make_dearer(item, owner.user)
    url = reverse("owner:menu-undo", args=[owner.restaurant_id, change.pk])

    asked = client.get(url)
    answer = client.post(url)

    item.refresh_from_db()
    assert "Take this change back" in asked.content.decode()
    assert answer.status_code == 302
    assert item.price == Decimal("12.50")


def test_the_page_says_what_stands_in_the_way(client, owner):
    item = own_item(owner)
    change = make_dearer(item, owner.user)
    make_dearer(item, owner.user, "15.00")
    url = reverse("owner:menu-undo", args=[owner.restaurant_id, change.pk])

    page = client.post(url)

    assert "“Margherita” was changed since." in page.content.decode()


def test_nobody_else_sees_or_takes_back(client):
    item = ItemFactory()
    change = make_dearer(item, None)
    pk = item.restaurant_id
    urls = [
        reverse("owner:menu-history", args=[pk]),
        reverse("owner:menu-undo", args=[pk, change.pk]),
        reverse("owner:menu-undo", args=[pk, 2**63]),
    ]
    staff = MembershipFactory(restaurant=item.restaurant, role=Membership.Role.STAFF)
    for user in (MembershipFactory().user, staff.user):
        client.force_login(user)
        for url in urls:
            assert client.get(url).status_code == 404
            assert client.post(url).status_code == 404
    client.force_login(UserFactory())
    assert client.get(urls[0]).status_code == 302
    client.logout()
    assert client.get(urls[0]).status_code == 302
    item.refresh_from_db()
    assert item.price == Decimal("14.00")


def test_a_change_of_another_restaurant_is_not_found_under_ones_own(client, owner):
    change = make_dearer(ItemFactory(), None)

    url = reverse("owner:menu-undo", args=[owner.restaurant_id, change.pk])

    assert client.post(url).status_code == 404


def test_a_change_in_the_forms_of_the_portal_is_kept(client, owner):
    group = ModifierGroupFactory(restaurant=owner.restaurant)
    url = reverse("owner:menus_modifiergroup_change", args=[group.pk])

    client.post(
        url,
        {
            "name": "Sizes",
            "min_choices": 1,
            "max_choices": 2,
            "modifiers-TOTAL_FORMS": 0,
            "modifiers-INITIAL_FORMS": 0,
        },
    )

    change = MenuChange.objects.get()
    assert change.summary == "Modifier group “Size” changed"
    assert change.user == owner.user
