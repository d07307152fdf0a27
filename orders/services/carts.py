"""The carts under way that a kitchen's change touches, and telling whose they are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from orders.models import Cart, CartLine
from orders.notifications import tell_carts_affected
from restaurants.models import Restaurant

# A cart that was left alone for longer is not being ordered.
UNDER_WAY = timedelta(hours=2)


@dataclass(frozen=True)
class Touched:
    """How many carts are touched, and how many of their owners are told.

    A visitor who is not signed in sees it in the cart only.
    """

    carts: int = 0
    told: int = 0


def tell_carts(
    *,
    restaurant: Restaurant,
    what: str,
    item: str = "",
    minutes: int = 0,
    item_pks: Collection[int] | None = None,
    modifier_pks: Collection[int] = (),
) -> Touched:
    """Tell whose carts at the restaurant are touched, in the caller's transaction.

    `what` is sold_out, busy or paused. With `item_pks` only carts that hold one of
    these items, or have chosen one of the modifiers, are touched; else all are. Each
    call is a happening of its own: the caller sees to it that it is one.
    """
    now = timezone.now()
    lines = CartLine.objects.filter(cart=OuterRef("pk"))
    touching = lines
    if item_pks is not None:
        touching = lines.filter(
            Q(item__in=item_pks) | Q(modifiers__modifier__in=modifier_pks)
        )
    recent = lines.filter(created_at__gte=now - UNDER_WAY)
    carts = list(
        Cart.objects.filter(
            Q(updated_at__gte=now - UNDER_WAY) | Exists(recent),
            Exists(touching),
            restaurant=restaurant,
        ).only("user_id")
    )
    people = [cart.user_id for cart in carts if cart.user_id is not None]
    if people:
        tell_carts_affected(
            restaurant,
            people,
            what=what,
            item=item,
            minutes=minutes,
            key=uuid4().hex,
        )
    return Touched(carts=len(carts), told=len(people))
