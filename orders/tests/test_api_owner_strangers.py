"""Nobody works on what is another restaurant's over the API, or beyond their duty."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import URLPattern, URLResolver
from django.utils import timezone

from customers.models import Scope
from customers.tests.factories import UserFactory
from menus.models import Item, Modifier
from menus.tests.factories import (
    ItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    offer,
)
from notifications.opaque import opaque_id
from orders import owner_api_urls
from orders.models import (
    Claim,
    LineChange,
    Order,
    OrderEvent,
    OrderLine,
    PendingEnd,
    Review,
)
from orders.tests.factories import OrderFactory
from restaurants.models import BoardPresence, Membership, Restaurant
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db

RESTAURANT = "/owner/restaurants/{restaurant_id}"
ORDER = "/owner/orders/{order_id}"
LATE = {"due_at": "2026-11-21T03:20:00Z"}
# Every operation about something that is somebody's, with a body it would take; those
# that staff may do are the board's.
BOARD = [
    ("GET", RESTAURANT, None),
    ("POST", f"{RESTAURANT}/pause", {"until": "hour"}),
    ("POST", f"{RESTAURANT}/resume", {}),
    ("POST", f"{RESTAURANT}/busy", {"minutes": 10, "until": "hour"}),
    ("POST", f"{RESTAURANT}/calm", {}),
    ("GET", f"{RESTAURANT}/menu", None),
    ("POST", "/owner/items/{item_id}/sold-out", {"until": "hour"}),
    ("POST", "/owner/items/{item_id}/back", {}),
    ("POST", "/owner/modifiers/{modifier_id}/sold-out", {"until": "hour"}),
    ("POST", "/owner/modifiers/{modifier_id}/back", {}),
    ("GET", "/owner/board?restaurant_id={restaurant_id}", None),
    ("POST", "/owner/board/attend", {"restaurant_id": "{restaurant_id}"}),
    ("GET", ORDER, None),
    ("POST", f"{ORDER}/open", {}),
    ("POST", f"{ORDER}/accept", {"minutes": 20}),
    ("POST", f"{ORDER}/reject", {"reason": "other"}),
    ("POST", f"{ORDER}/start", {}),
    ("POST", f"{ORDER}/ready", {}),
    ("POST", f"{ORDER}/send-out", {}),
    ("POST", f"{ORDER}/complete", {}),
    ("POST", f"{ORDER}/cancel", {"reason": "other"}),
    ("POST", f"{ORDER}/keep", {}),
    ("POST", f"{ORDER}/delay", LATE),
    ("POST", f"{ORDER}/print", {}),
    ("POST", f"{ORDER}/line-changes", {"line_id": "{line_id}", "item_id": None}),
    (
        "POST",
        f"{ORDER}/line-changes/preview",
        {"line_id": "{line_id}", "item_id": None},
    ),
    ("DELETE", f"{ORDER}/line-changes/{{change_id}}", None),
    ("GET", f"{ORDER}/lines/{{line_id}}/replacements", None),
]
BEYOND_STAFF = [
    ("GET", f"{RESTAURANT}/figures", None),
    ("GET", f"{ORDER}/trail", None),
    ("POST", "/owner/claims/{claim_id}/answer", {"refund": None, "text": "No"}),
    ("PUT", "/owner/reviews/{review_id}/answer", {"text": "Grazie"}),
]
LISTS = [
    ("GET", "/owner/orders?restaurant_id={restaurant_id}", None),
    ("GET", "/owner/claims?restaurant_id={restaurant_id}", None),
    ("GET", "/owner/reviews?restaurant_id={restaurant_id}", None),
]
ALL = [*BOARD, *BEYOND_STAFF, *LISTS]
CHANGED = (
    *(Restaurant, Item, Modifier, Order, OrderEvent, OrderLine, PendingEnd),
    *(LineChange, Claim, Review, BoardPresence),
)


@pytest.fixture
def theirs(db):
    """Return the ids of all that a restaurant has."""
    modifier = ModifierFactory.create(group=ModifierGroupFactory.create())
    restaurant = modifier.group.restaurant
    item = ItemFactory.create(section__menu__restaurant=restaurant)
    offer(item, modifier.group)
    now = timezone.now()
    order = OrderFactory.create(
        restaurant=restaurant,
        placed_at=now,
        answer_by=now + timedelta(minutes=9),
        status="placed",
    )
    done = OrderFactory.create(restaurant=restaurant, status="delivered")
    line = OrderLine.objects.create(
        order=order,
        item=item,
        name="Margherita",
        quantity=1,
        unit_price=Decimal("12.50"),
        amount=Decimal("12.50"),
        tax_rate=0,
    )
    change = LineChange.objects.create(
        order=order,
        line=line,
        line_name="Margherita",
        line_amount=12,
        proposed_at=now,
        total_before=12,
        total_after=0,
    )
    PendingEnd.objects.create(
        order=order,
        to_status="rejected",
        actor="restaurant",
        reason="other",
        created_at=now,
        due_at=now + timedelta(seconds=10),
    )
    claim = Claim.objects.create(order=done, proposed_refund=5, created_at=now)
    review = Review.objects.create(
        order=done, restaurant=restaurant, food_rating=5, created_at=now
    )
    return {
        "restaurant_id": restaurant.public_id,
        "item_id": item.public_id,
        "modifier_id": modifier.public_id,
        "order_id": order.public_id,
        "line_id": opaque_id("order_line", line.pk),
        "change_id": change.public_id,
        "claim_id": claim.public_id,
        "review_id": opaque_id("review", review.pk),
    }


def ask(client, operation, ids):
    method, path, body = operation
    path, _mark, query = path.partition("?")
    filled = body and {
        name: value.format(**ids) if isinstance(value, str) else value
        for name, value in body.items()
    }
    return client.ask(
        method,
        path.format(**ids),
        body=filled,
        query=dict([query.format(**ids).split("=")]) if query else None,
    )


def rows():
    return [list(model.objects.order_by("pk").values()) for model in CHANGED]


def name_of(operation):
    return f"{operation[0]} {operation[1]}"


def addresses(patterns, before="/"):
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, path)
        elif isinstance(one, URLPattern):
            yield path.replace("<uuid:", "{").replace(">", "}")


def test_every_address_of_a_restaurant_is_tried_here():
    tried = {path.partition("?")[0] for _method, path, _body in ALL}

    told = {
        path
        for path in addresses(owner_api_urls.urlpatterns)
        # Partners' webhooks have tests of their own.
        if "/webhooks" not in path
    }

    assert told == tried | {"/owner/restaurants"}


@pytest.mark.parametrize("operation", ALL, ids=name_of)
def test_what_is_anothers_does_not_exist_and_stays_as_it_is(api, theirs, operation):
    stranger = api.sign_in(MembershipFactory.create().user)
    before = rows()

    answer = ask(stranger, operation, theirs)

    assert answer.status_code == 404
    assert rows() == before


@pytest.mark.parametrize("operation", ALL, ids=name_of)
def test_what_is_nobodys_does_not_exist(api, theirs, operation):
    owner = MembershipFactory.create(restaurant=Restaurant.objects.get()).user
    nothing = {name: uuid.uuid4() for name in theirs}
    before = rows()

    answer = ask(api.sign_in(owner), operation, nothing)

    assert answer.status_code == 404
    assert rows() == before


@pytest.mark.parametrize("operation", [*BEYOND_STAFF, *LISTS], ids=name_of)
def test_staff_do_not_go_beyond_the_board(api, theirs, operation):
    staff = MembershipFactory.create(
        restaurant=Restaurant.objects.get(), role=Membership.Role.STAFF
    ).user
    before = rows()

    answer = ask(api.sign_in(staff), operation, theirs)

    assert answer.status_code == 404
    assert rows() == before


@pytest.mark.parametrize("operation", BOARD, ids=name_of)
def test_staff_may_do_all_that_the_board_does(api, theirs, operation):
    staff = MembershipFactory.create(
        restaurant=Restaurant.objects.get(), role=Membership.Role.STAFF
    ).user

    answer = ask(api.sign_in(staff), operation, theirs)

    # Some steps come too early for this order; none is refused for who asks.
    assert answer.status_code in (200, 201, 204, 409)


@pytest.mark.parametrize(
    "operation", [*ALL, ("GET", "/owner/restaurants", None)], ids=name_of
)
def test_a_customers_token_and_nobody_are_refused(api, theirs, operation):
    owner = MembershipFactory.create(restaurant=Restaurant.objects.get()).user
    before = rows()

    answer = ask(api.sign_in(owner, Scope.CUSTOMER), operation, theirs)

    assert answer.status_code == 403
    assert ask(api, operation, theirs).status_code == 401
    assert rows() == before


def test_who_was_a_member_is_one_no_longer(api, theirs):
    restaurant = Restaurant.objects.get()
    membership = MembershipFactory.create(restaurant=restaurant)
    client = api.sign_in(membership.user)
    membership.delete()

    answer = client.get(f"/owner/restaurants/{restaurant.public_id}")

    assert answer.status_code == 404


def test_a_customers_own_order_is_not_theirs_to_accept(api, theirs):
    ada = UserFactory.create()
    Order.objects.update(customer=ada)

    answer = api.sign_in(ada).post(f"/owner/orders/{theirs['order_id']}/accept")

    assert answer.status_code == 404
