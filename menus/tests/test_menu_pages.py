from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from menus.menu_pages import PAGES
from menus.models import Item, Menu, MenuChange, MenuHours, Section
from menus.selectors import hours_in_words
from menus.services import start_draft
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    SectionFactory,
    offer,
)
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


@pytest.fixture
def item(client) -> Item:
    item = ItemFactory.create(name="Margherita")
    client.force_login(MembershipFactory(restaurant=item.restaurant).user)
    return item


def page(item: Item, name: str = "menu", *args: int) -> str:
    return reverse(f"owner:{name}", args=[item.restaurant_id, *args])


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def addresses(item) -> list[str]:
    group = ModifierGroupFactory.create(restaurant=item.restaurant)
    start_draft(menu_pk=item.section.menu_id)
    extra = {
        "menu-draft": [item.section.menu_id],
        "menu-preview": [item.section.menu_id],
        "menu-group": [group.pk],
    }
    return [page(item, one.name, *extra.get(one.name, [])) for one in PAGES]


def test_the_owner_sees_the_whole_menu_on_one_page(client, item):
    group = ModifierGroupFactory.create(restaurant=item.restaurant, name="Which size")
    offer(item, group)
    Item.objects.update(sold_out_until=timezone.now() + timedelta(hours=1))

    answer = client.get(page(item))

    for words in ("Margherita", "12.50", "Which size", "Sold out", "Save prices"):
        assert words in text(answer)


@pytest.mark.parametrize("count", [1, 40])
def test_the_page_takes_the_same_queries_for_any_number_of_items(
    client, item, count, django_assert_num_queries
):
    group = ModifierGroupFactory.create(restaurant=item.restaurant)
    for number in range(count):
        one = ItemFactory.create(
            section=SectionFactory.create(menu=item.section.menu),
            name=f"Pizza {number}",
        )
        offer(one, group)
    client.get(page(item))

    with django_assert_num_queries(QUERIES):
        client.get(page(item))


QUERIES = 13


def test_a_restaurant_without_a_menu_is_told_how_to_begin(client):
    member = MembershipFactory()
    client.force_login(member.user)

    answer = client.get(reverse("owner:menu", args=[member.restaurant_id]))

    assert "There is no menu yet" in text(answer)


def test_others_get_nowhere(client, addresses, item):
    strangers = [
        MembershipFactory().user,
        MembershipFactory(restaurant=item.restaurant, role=Membership.Role.STAFF).user,
    ]
    for stranger in strangers:
        client.force_login(stranger)
        for address in addresses:
            assert client.get(address).status_code == 404
            assert client.post(address).status_code == 404
    for forget in (lambda: client.force_login(UserFactory()), client.logout):
        forget()
        for address in addresses:
            assert client.get(address).status_code in {302, 403, 404}
            assert client.post(address).status_code in {302, 403, 404}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"kind": "section", "parent": "x", "name": "Pasta"},
        {"kind": "item", "parent": "9" * 30, "name": "Pasta"},
        {"section": "0", "price-x": "1"},
        {"copy": "x"},
        {"hide": "٣"},
        {"kind": "sections", "parent": "1,2", "keys": "1,x"},
    ],
)
def test_nonsense_is_refused_without_an_error_of_ours(client, addresses, values):
    before = Item.objects.count(), Section.objects.count(), Menu.objects.count()

    for address in addresses:
        assert client.post(address, values).status_code < 500

    assert before == (
        Item.objects.count(),
        Section.objects.count(),
        Menu.objects.count(),
    )


def test_a_menu_a_section_and_an_item_are_added_by_name(client, item):
    client.post(page(item, "menu-add"), {"kind": "menu", "name": "Lunch"})
    menu = Menu.objects.get(name="Lunch")
    client.post(
        page(item, "menu-add"), {"kind": "section", "parent": menu.pk, "name": "Soups"}
    )
    section = menu.sections.get()

    answer = client.post(
        page(item, "menu-add"),
        {"kind": "item", "parent": section.pk, "name": "Ribollita", "price": "6,50"},
    )

    assert answer.url == f"{page(item)}#add-item-{section.pk}"
    assert section.items.get().price == Decimal("6.50")
    assert MenuChange.objects.filter(restaurant=item.restaurant).count() == 3


@pytest.mark.parametrize(
    ("name", "price", "words"),
    [
        ("Ribollita", "six", "Type a price like 9.99"),
        ("", "6", "This field is required"),
        ("x" * 151, "6", "at most 150 characters"),
        ("nul\x00", "6", "Null characters"),
    ],
)
def test_an_item_that_cannot_be_added_keeps_what_was_typed(
    client, item, name, price, words
):
    answer = client.post(
        page(item, "menu-add"),
        {
            "kind": "item",
            "parent": item.section_id,
            "name": name,
            "price": price,
        },
    )

    assert answer.status_code == 200
    assert words in text(answer)
    assert f'value="{price}"' in text(answer)
    assert Item.objects.count() == 1


@pytest.mark.parametrize("kind", ["menu", "section"])
def test_a_menu_or_section_without_a_name_is_refused(client, item, kind):
    answer = client.post(
        page(item, "menu-add"),
        {"kind": kind, "parent": item.section.menu_id, "name": " "},
    )

    assert "This field is required" in text(answer)


def test_adding_to_another_restaurants_menu_is_refused(client, item):
    foreign = ItemFactory.create()

    for kind, parent in (
        ("section", foreign.section.menu_id),
        ("item", foreign.section_id),
    ):
        answer = client.post(
            page(item, "menu-add"),
            {"kind": kind, "parent": parent, "name": "X", "price": "1"},
        )
        assert answer.status_code == 404

    assert Item.objects.count() == 2


def test_an_order_is_saved_and_one_that_is_not_true_any_more_refused(client, item):
    other = ItemFactory.create(section=item.section, name="Marinara")
    values = {"kind": "items", "parent": item.section_id}

    good = client.post(
        page(item, "menu-order"), {**values, "keys": f"{other.pk},{item.pk}"}
    )
    stale = client.post(page(item, "menu-order"), {**values, "keys": f"{item.pk}"})

    assert good.status_code == 200
    assert stale.status_code == 409
    assert "changed meanwhile" in stale.json()["message"]
    assert list(item.section.items.all()) == [other, item]


def test_sections_are_put_in_order(client, item):
    pasta = SectionFactory.create(menu=item.section.menu, name="Pasta")

    client.post(
        page(item, "menu-order"),
        {
            "kind": "sections",
            "parent": item.section.menu_id,
            "keys": f"{pasta.pk},{item.section_id}",
        },
    )

    assert list(item.section.menu.sections.all()) == [pasta, item.section]


def test_the_prices_of_a_section_are_saved_with_comma_or_point(client, item):
    other = ItemFactory.create(section=item.section, name="Marinara")

    answer = client.post(
        page(item, "menu-prices"),
        {
            "section": item.section_id,
            f"price-{item.pk}": "13,20",
            f"was-{item.pk}": "12.50",
            f"price-{other.pk}": "12.50",
            f"was-{other.pk}": "12.50",
        },
        headers=JSON,
    )

    assert answer.json() == {"message": "1 price saved."}
    item.refresh_from_db()
    assert item.price == Decimal("13.20")


def prices(item: Item, price: str, was: str = "12.50") -> dict[str, object]:
    return {
        "section": item.section_id,
        f"price-{item.pk}": price,
        f"was-{item.pk}": was,
    }


def test_one_bad_price_saves_none_and_keeps_what_was_typed(client, item):
    other = ItemFactory.create(section=item.section, name="Marinara")
    values = {**prices(item, "14.00"), f"price-{other.pk}": "1.234,50"}

    shown = client.post(page(item, "menu-prices"), values)
    told = client.post(page(item, "menu-prices"), values, headers=JSON)

    assert 'value="1.234,50"' in text(shown)
    assert 'value="14.00"' in text(shown)
    assert "Type a price like 9.99" in text(shown)
    assert told.status_code == 422
    assert list(told.json()["errors"]) == [str(other.pk)]
    item.refresh_from_db()
    assert item.price == Decimal("12.50")


def test_a_price_that_somebody_else_changed_is_not_overwritten(client, item):
    shown = client.post(page(item, "menu-prices"), prices(item, "14.00", "11.00"))
    told = client.post(
        page(item, "menu-prices"), prices(item, "14.00", "11.00"), headers=JSON
    )
    saved = client.post(page(item, "menu-prices"), prices(item, "14.00"))

    assert 'value="14.00"' in text(shown)
    assert told.status_code == 409
    assert saved.status_code == 302


def test_an_item_is_copied_hidden_and_shown(client, item):
    client.post(page(item, "menu-item"), {"copy": item.pk})
    answer = client.post(page(item, "menu-item"), {"hide": item.pk}, headers=JSON)

    copy = Item.objects.get(name="Margherita (copy)")
    item.refresh_from_db()
    assert answer.status_code == 200
    assert (copy.is_active, item.is_active) == (False, False)
    client.post(page(item, "menu-item"), {"show": item.pk})
    item.refresh_from_db()
    assert item.is_active


def test_prices_by_per_cent_are_looked_at_before_they_are_applied(client, item):
    address = page(item, "menu-percent")
    values = {"percent": "10", "rounding": "ends_90", "section": item.section_id}

    assert "Change by per cent" in text(client.get(address))
    shown = client.post(address, {**values, "act": "preview"})
    assert "$12.50" in text(shown)
    assert "$13.90" in text(shown)
    assert "+$1.40" in text(shown)
    item.refresh_from_db()
    assert item.price == Decimal("12.50")

    signature = shown.context["plan"].signature
    answer = client.post(address, {**values, "act": "apply", "signature": signature})
    assert answer.url == page(item)
    item.refresh_from_db()
    assert item.price == Decimal("13.90")


def test_applying_what_was_not_looked_at_changes_nothing(client, item):
    address = page(item, "menu-percent")
    values = {"percent": "10", "rounding": "none", "item": item.pk, "act": "apply"}
    signature = client.post(address, values).context["plan"].signature
    Item.objects.update(price=Decimal("20.00"))

    answer = client.post(address, {**values, "signature": signature})

    assert "a price changed since you looked" in text(answer)
    item.refresh_from_db()
    assert item.price == Decimal("20.00")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"percent": "ten"}, "Type a number of per cent"),
        ({"percent": "-60"}, "between -50 and +100"),
        ({"percent": ""}, "This field is required"),
        ({"rounding": "up"}, ""),
        ({"section": ""}, "Choose a section or an item"),
    ],
)
def test_a_change_by_per_cent_that_cannot_be_meant_is_refused(
    client, item, values, words
):
    sent = {"percent": "5", "rounding": "none", "section": item.section_id, **values}

    answer = client.post(page(item, "menu-percent"), {**sent, "act": "apply"})

    assert answer.status_code == 200
    assert words in text(answer)
    item.refresh_from_db()
    assert item.price == Decimal("12.50")


def test_a_group_is_offered_with_the_items_that_are_ticked(client, item):
    other = ItemFactory.create(section=item.section, name="Marinara")
    meanwhile = ItemFactory.create(section=item.section, name="Diavola")
    group = ModifierGroupFactory.create(restaurant=item.restaurant)
    offer(item, group)
    address = page(item, "menu-group", group.pk)
    was = client.get(address).context["was"]
    offer(meanwhile, group)

    client.post(address, {"was": was, "item": [other.pk]})

    assert set(group.items.all()) == {other, meanwhile}


def test_a_groups_page_says_what_uses_it(client, item):
    group = ModifierGroupFactory.create(restaurant=item.restaurant)
    offer(item, group)
    start_draft(menu_pk=item.section.menu_id)

    one = client.get(reverse("owner:menus_modifiergroup_change", args=[group.pk]))
    every = client.get(reverse("owner:menus_modifiergroup_changelist"))

    assert "1 item: Margherita" in text(one)
    assert page(item, "menu-group", group.pk) in text(one)
    assert every.context["cl"].result_list[0].use_count == 1


def test_a_draft_is_begun_edited_and_published(client, item):
    address = page(item, "menu-draft", item.section.menu_id)

    assert client.get(address).url == page(item)
    assert client.post(address, {"act": "start"}).url == address
    draft = Item.objects.get(draft_of=item)
    saved = client.post(page(item, "menu-prices"), prices(draft, "14.00"))
    shown = client.get(address)
    assert saved.url.startswith(address)
    assert "customers still see the menu as it was" in text(shown)
    assert "$12.50 → $14.00" in text(shown)
    preview = client.get(page(item, "menu-preview", item.section.menu_id))
    assert "$14.00" in text(preview)
    item.refresh_from_db()
    assert item.price == Decimal("12.50")

    client.post(address, {"act": "publish"})
    item.refresh_from_db()
    assert item.price == Decimal("14.00")
    assert MenuChange.objects.filter(summary__contains="published").exists()


def test_a_conflict_is_shown_and_published_only_when_sure(client, item):
    address = page(item, "menu-draft", item.section.menu_id)
    client.post(address, {"act": "start"})
    Item.objects.filter(draft_of=item).update(price=Decimal("15.00"))
    Item.objects.filter(pk=item.pk).update(price=Decimal("14.00"))

    answer = client.post(address, {"act": "publish"}, follow=True)
    assert "Publish anyway" in text(answer)
    item.refresh_from_db()
    assert item.price == Decimal("14.00")

    client.post(address, {"act": "publish", "is_sure": "1"})
    item.refresh_from_db()
    assert item.price == Decimal("15.00")


def test_a_draft_is_thrown_away(client, item):
    address = page(item, "menu-draft", item.section.menu_id)
    client.post(address, {"act": "start"})

    client.post(address, {"act": "discard"})
    again = client.post(address, {"act": "discard"}, follow=True)

    assert not Menu.objects.exclude(draft_of=None).exists()
    assert "no draft of this menu" in text(again)


def test_lists_leave_drafts_out_but_their_items_open(client, item):
    start_draft(menu_pk=item.section.menu_id)
    draft = Item.objects.get(draft_of=item)

    for kind in ("menu", "section", "item"):
        answer = client.get(reverse(f"owner:menus_{kind}_changelist"))
        assert answer.context["cl"].result_count == 1
    form = client.get(reverse("owner:menus_item_change", args=[draft.pk]))
    live = client.get(reverse("owner:menus_item_change", args=[item.pk]))

    def sections(answer):
        return list(answer.context["adminform"].form.fields["section"].queryset)

    assert sections(form) == [draft.section]
    assert sections(live) == [item.section]


def test_a_draft_cannot_be_shown_by_its_own_page(client, item):
    draft = start_draft(menu_pk=item.section.menu_id)
    address = reverse("owner:menus_menu_change", args=[draft.pk])

    client.post(
        f"{address}?from=menu",
        {
            "name": "Supper",
            "position": 0,
            "is_active": "on",
            "hours-TOTAL_FORMS": 0,
            "hours-INITIAL_FORMS": 0,
            "sections-TOTAL_FORMS": 0,
            "sections-INITIAL_FORMS": 0,
        },
    )

    draft.refresh_from_db()
    assert (draft.name, draft.is_active) == ("Supper", False)


def test_an_item_is_deleted_after_a_question_and_one_comes_back_to_the_menu(
    client, item
):
    address = reverse("owner:menus_item_delete", args=[item.pk]) + "?from=menu"

    assert "Are you sure" in text(client.get(address))
    answer = client.post(address, {"post": "yes"})

    assert answer.url == page(item)
    assert not Item.objects.exists()


def test_only_an_empty_section_can_be_deleted(client, item):
    address = reverse("owner:menus_section_delete", args=[item.section_id])

    assert client.post(address, {"post": "yes"}).status_code == 403
    item.delete()
    client.post(address, {"post": "yes"})

    assert not Section.objects.exists()


def test_items_can_be_deleted_together(client, item):
    other = ItemFactory.create(section=item.section)

    client.post(
        reverse("owner:menus_item_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [item.pk, other.pk],
            "post": "yes",
        },
    )

    assert not Item.objects.exists()


def test_a_modifier_is_deleted_and_can_be_another_item(client, item):
    modifier = ModifierFactory.create(group__restaurant=item.restaurant)
    foreign = ItemFactory.create()
    address = reverse("owner:menus_modifier_change", args=[modifier.pk])
    values = {"name": "Large", "price_difference": "3", "position": 0}

    choices = client.get(address).context["adminform"].form.fields["linked_item"]
    assert list(choices.queryset) == [item]
    client.post(address, {**values, "linked_item": foreign.pk})
    modifier.refresh_from_db()
    assert modifier.linked_item is None
    client.post(address, {**values, "linked_item": item.pk})
    modifier.refresh_from_db()
    assert modifier.linked_item == item
    client.post(
        reverse("owner:menus_modifier_delete", args=[modifier.pk]), {"post": "yes"}
    )
    assert not type(modifier).objects.exists()


def test_hours_are_said_with_the_days_of_each_time_together():
    def at(day: int, opens: int, closes: int) -> MenuHours:
        return MenuHours(weekday=day, opens_at=time(opens), closes_at=time(closes))

    rows = [at(day, 11, 15) for day in range(5)] + [at(5, 0, 0), at(6, 0, 0)]

    assert hours_in_words(rows) == (
        "Monday–Friday 11:00–15:00; Saturday, Sunday all day"
    )
    assert hours_in_words([]) == ""
