"""Filling a cart: one restaurant, one cart for each person or visitor."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import User
from menus.exceptions import MenuError
from menus.models import Item
from menus.pricing import Choice, ChosenModifier, unit_price, validate_choices
from menus.selectors import (
    get_item_for_customer,
    load_items,
    load_items_for_customer,
)
from orders.exceptions import ItemRefusedError, OrderProblem, OtherRestaurantError
from orders.models import Cart, CartLine, CartLineModifier
from orders.selectors import choices_of, list_cart_lines
from restaurants.models import Fulfilment, Restaurant

# Where a signed-out visitor's session keeps the token of their cart.
SESSION_KEY = "cart_token"
# Where a session keeps the token of what was in a person's cart when they signed in
# with another.
ASIDE_KEY = "cart_aside"
MOST = 99
# As long as a visit is remembered: nobody finds the cart after it.
VISITORS_CART_KEPT = timedelta(days=60)
BATCH = 500


@dataclass(frozen=True)
class Wish:
    """How many of an item from load_items, with what."""

    item: Item
    quantity: int
    choices: Sequence[Choice]
    note: str


@dataclass(frozen=True)
class WantedLine:
    """How many of which item, with what, as somebody asks for it."""

    item_public_id: UUID
    quantity: int
    choices: Sequence[Choice] = ()
    note: str = ""


def get_or_create_cart(*, user: User | None = None, token: str | None = None) -> Cart:
    """Return the cart of a person or a visitor's token, a new one if there is none.

    The caller keeps a new cart's token in the session under SESSION_KEY.
    """
    carts = Cart.objects.select_related("restaurant")
    if user is not None:
        return carts.get_or_create(user=user)[0]
    known = carts.filter(token=token, user=None).first() if token else None
    return known or Cart.objects.create()


@transaction.atomic
def add_line(
    *,
    cart: Cart,
    item_public_id: UUID,
    quantity: int = 1,
    choices: Sequence[Choice] = (),
    note: str = "",
    replace_restaurant: bool = False,
) -> CartLine:
    """Put an item into the cart; one alike with the same note is counted up.

    Item.DoesNotExist: not on a live menu. OtherRestaurantError: the cart holds food
    from elsewhere and `replace_restaurant` is False. ItemRefusedError: sold out, or
    the choices break a rule.
    """
    item = get_item_for_customer(public_id=item_public_id)
    chosen = _check(item, choices)
    locked = _lock(cart)
    if locked.restaurant_id != item.restaurant_id:
        _change_restaurant(locked, item, replace=replace_restaurant)
    note = note.strip()[:200]
    line = _find_alike(locked, item, choices, note)
    if line is not None:
        line.quantity = min(MOST, line.quantity + quantity)
        line.save(update_fields=["quantity"])
    else:
        line = CartLine.objects.create(
            cart=locked,
            item=item,
            quantity=max(1, min(MOST, quantity)),
            note=note,
            unit_price_seen=unit_price(item, chosen),
        )
        _write_modifiers([(line, chosen)])
    _copy(locked, cart)
    return line


@transaction.atomic
def have_lines(
    *, cart: Cart, wishes: Sequence[Wish], replace_restaurant: bool = False
) -> list[CartLine | ItemRefusedError]:
    """Have at least so many of each wish in the cart; return its line, or why not.

    All are of one restaurant. One alike that is there already counts, so that asking
    twice changes nothing. OtherRestaurantError as for add_line; a cart of elsewhere
    stays when nothing can be had. A fixed number of queries.
    """
    checked = [(wish, _try(wish)) for wish in wishes]
    possible = [
        (wish, chosen)
        for wish, chosen in checked
        if not isinstance(chosen, ItemRefusedError)
    ]
    lines = iter(_put(cart, possible, replace=replace_restaurant) if possible else [])
    return [
        chosen if isinstance(chosen, ItemRefusedError) else next(lines)
        for _wish, chosen in checked
    ]


@transaction.atomic
def refill_cart(
    *,
    cart: Cart,
    restaurant: Restaurant,
    fulfilment: str,
    wanted: Sequence[WantedLine],
) -> Cart:
    """Have exactly what is wanted in the cart, of one restaurant, and nothing else.

    What is alike is one line. ItemRefusedError names in its problems each that cannot
    be had, by its place; nothing is changed then. A fixed number of queries.
    """
    items = load_items_for_customer({one.item_public_id for one in wanted})
    checked = [_try_wanted(one, items, restaurant) for one in wanted]
    problems = [
        OrderProblem(found.code, found.message, str(place))
        for place, found in enumerate(checked)
        if isinstance(found, ItemRefusedError)
    ]
    if problems:
        first = problems[0]
        raise ItemRefusedError(first.message, code=first.code, problems=problems)
    locked = _lock(cart)
    locked.lines.all().delete()
    locked.restaurant = restaurant if wanted else None
    locked.fulfilment = Fulfilment(fulfilment)
    locked.save()
    _put_fresh(
        locked, [one for one in checked if not isinstance(one, ItemRefusedError)]
    )
    return locked


@transaction.atomic
def replace_line(
    *,
    cart: Cart,
    line_public_id: UUID,
    quantity: int,
    choices: Sequence[Choice] = (),
    note: str = "",
) -> CartLine:
    """Choose anew how many of a line's item are wanted, with what, and the note.

    It joins another line that is alike then. CartLine.DoesNotExist: not in this cart.
    Item.DoesNotExist and ItemRefusedError as for add_line; nothing is changed then.
    """
    locked = _lock(cart)
    line = locked.lines.select_related("item").get(public_id=line_public_id)
    item = get_item_for_customer(public_id=line.item.public_id)
    chosen = _check(item, choices)
    note = note.strip()[:200]
    alike = _find_alike(locked, item, choices, note)
    if alike is not None and alike.pk != line.pk:
        line.delete()
        alike.quantity = min(MOST, alike.quantity + quantity)
        alike.save(update_fields=["quantity"])
        return alike
    line.modifiers.all().delete()
    _write_modifiers([(line, chosen)])
    line.quantity = max(1, min(MOST, quantity))
    line.note = note
    line.unit_price_seen = unit_price(item, chosen)
    line.save(update_fields=["quantity", "note", "unit_price_seen"])
    return line


@transaction.atomic
def change_line(*, cart: Cart, line_public_id: UUID, quantity: int) -> None:
    """Set how many of a line are wanted; none removes it."""
    locked = _lock(cart)
    lines = locked.lines.filter(public_id=line_public_id)
    if quantity > 0:
        lines.update(quantity=min(MOST, quantity))
    else:
        lines.delete()
    if not locked.lines.exists():
        _forget_restaurant(locked)
    _copy(locked, cart)


@transaction.atomic
def step_line(*, cart: Cart, line_public_id: UUID, step: int) -> int:
    """Want so many more of a line, or fewer; return how many that makes, 0 for none."""
    line = _lock(cart).lines.filter(public_id=line_public_id).first()
    wanted = max(0, min(MOST, line.quantity + step)) if line is not None else 0
    change_line(cart=cart, line_public_id=line_public_id, quantity=wanted)
    return wanted


def remove_line(*, cart: Cart, line_public_id: UUID) -> None:
    change_line(cart=cart, line_public_id=line_public_id, quantity=0)


def set_fulfilment(*, cart: Cart, fulfilment: str) -> None:
    """Choose delivery or pickup."""
    cart.fulfilment = Fulfilment(fulfilment)
    cart.save(update_fields=["fulfilment", "updated_at"])


@transaction.atomic
def empty_cart(*, cart: Cart) -> None:
    locked = _lock(cart)
    locked.lines.all().delete()
    _forget_restaurant(locked)
    _copy(locked, cart)


@transaction.atomic
def accept_changed_prices(*, cart: Cart) -> None:
    """Take today's prices as seen, once the customer has been shown them."""
    locked = _lock(cart)
    lines = list_cart_lines(cart=locked)
    items = load_items([line.item_id for line in lines])
    for line in lines:
        item = items[line.item_id]
        try:
            chosen = validate_choices(item, choices_of(line), moment=timezone.now())
        except MenuError:
            # Checkout says what is wrong with it; there is no price to accept.
            continue
        line.unit_price_seen = unit_price(item, chosen)
    CartLine.objects.bulk_update(lines, ["unit_price_seen"])


@transaction.atomic
def adopt_cart(*, token: str, user: User) -> Cart | None:
    """Carry a visitor's cart over to the person who signed in.

    It is the newer wish: it joins a cart of the same restaurant and replaces one of
    another. What was in that is put aside into a cart without a person, which is
    returned: adopting it changes the two back.
    """
    visitor = (
        Cart.objects.select_for_update(of=("self",))
        .filter(token=token, user=None)
        .first()
    )
    if visitor is None or not visitor.lines.exists():
        return None
    own, _created = Cart.objects.select_for_update(of=("self",)).get_or_create(
        user=user
    )
    aside = []
    if own.restaurant_id != visitor.restaurant_id:
        aside = list(own.lines.values_list("pk", flat=True))
    visitor.lines.update(cart=own)
    CartLine.objects.filter(pk__in=aside).update(cart=visitor)
    for name in ("restaurant_id", "fulfilment"):
        before = getattr(own, name)
        setattr(own, name, getattr(visitor, name))
        setattr(visitor, name, before)
    own.save()
    if not aside:
        visitor.delete()
        return None
    visitor.save()
    return visitor


def drop_old_carts(*, now: datetime | None = None) -> int:
    """Delete the carts of visitors who have not been back for long; return how many."""
    untouched = (now or timezone.now()) - VISITORS_CART_KEPT
    fresh = CartLine.objects.filter(cart=OuterRef("pk"), created_at__gte=untouched)
    carts = Cart.objects.filter(~Exists(fresh), user=None, updated_at__lt=untouched)
    found = list(carts.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(found), BATCH):
        with transaction.atomic():
            # One that is being filled is left for the next time.
            batch = carts.filter(pk__in=found[start : start + BATCH])
            locked = batch.select_for_update(skip_locked=True)
            Cart.objects.filter(pk__in=[one.pk for one in locked]).delete()
    return len(found)


def _check(item: Item, choices: Sequence[Choice]) -> list[ChosenModifier]:
    now = timezone.now()
    if item.is_sold_out_at(now):
        raise ItemRefusedError(
            _("“%(name)s” is sold out.") % {"name": item.name}, code="item_sold_out"
        )
    try:
        return validate_choices(item, choices, moment=now)
    except MenuError as error:
        raise ItemRefusedError(error.message, code=error.code) from error


def _lock(cart: Cart) -> Cart:
    return Cart.objects.select_for_update().get(pk=cart.pk)


def _copy(locked: Cart, cart: Cart) -> None:
    if cart.restaurant_id != locked.restaurant_id:
        cart.restaurant_id = locked.restaurant_id


def _change_restaurant(cart: Cart, item: Item, *, replace: bool) -> None:
    if cart.restaurant_id is not None and cart.lines.exists():
        if not replace:
            raise _ask_replace(cart, item)
        cart.lines.all().delete()
    cart.restaurant = item.restaurant
    restaurant = item.restaurant
    if cart.fulfilment == Fulfilment.DELIVERY and not restaurant.offers_delivery:
        cart.fulfilment = Fulfilment.PICKUP
    cart.save()


def _ask_replace(cart: Cart, item: Item) -> OtherRestaurantError:
    current = cart.restaurant
    assert current is not None
    error = OtherRestaurantError(
        _("Your cart has food from %(current)s. Start a new one with %(wanted)s?")
        % {"current": current, "wanted": item.restaurant}
    )
    error.state = {
        "restaurant_id": str(current.public_id),
        "restaurant_name": current.name,
    }
    return error


def _forget_restaurant(cart: Cart) -> None:
    cart.restaurant = None
    cart.save(update_fields=["restaurant", "updated_at"])


def _find_alike(
    cart: Cart, item: Item, choices: Sequence[Choice], note: str
) -> CartLine | None:
    wanted = _shape(choices)
    for line in list_cart_lines(cart=cart):
        is_same = (line.item_id, line.note) == (item.pk, note)
        if is_same and _shape(choices_of(line)) == wanted:
            return line
    return None


def _shape(choices: Sequence[Choice]) -> frozenset[tuple[UUID, frozenset[UUID]]]:
    return frozenset(
        (
            choice.modifier_public_id,
            frozenset(child.modifier_public_id for child in choice.children),
        )
        for choice in choices
    )


def _try(wish: Wish) -> list[ChosenModifier] | ItemRefusedError:
    try:
        return _check(wish.item, wish.choices)
    except ItemRefusedError as error:
        return error


def _put(
    cart: Cart,
    wishes: Sequence[tuple[Wish, list[ChosenModifier]]],
    *,
    replace: bool,
) -> list[CartLine]:
    """Return the line of each wish."""
    first = wishes[0][0].item
    locked = _lock(cart)
    if locked.restaurant_id != first.restaurant_id:
        _change_restaurant(locked, first, replace=replace)
    lines = {
        (line.item_id, line.note, _shape(choices_of(line))): line
        for line in list_cart_lines(cart=locked)
    }
    keys = [(it.item.pk, it.note, _shape(it.choices)) for it, _chosen in wishes]
    fresh = {}
    wanted: Counter[tuple[object, ...]] = Counter()
    for key, (wish, chosen) in zip(keys, wishes, strict=True):
        wanted[key] += wish.quantity
        if key not in lines:
            fresh[key] = chosen
            lines[key] = CartLine(
                cart=locked,
                item=wish.item,
                quantity=0,
                note=wish.note,
                unit_price_seen=unit_price(wish.item, chosen),
            )
        line = lines[key]
        line.quantity = min(MOST, max(line.quantity, wanted[key]))
    known = [line for key, line in lines.items() if key in wanted and key not in fresh]
    CartLine.objects.bulk_update(known, ["quantity"])
    CartLine.objects.bulk_create([lines[key] for key in fresh])
    _write_modifiers([(lines[key], chosen) for key, chosen in fresh.items()])
    _copy(locked, cart)
    return [lines[key] for key in keys]


def _try_wanted(
    wanted: WantedLine, items: dict[UUID, Item], restaurant: Restaurant
) -> tuple[Wish, list[ChosenModifier]] | ItemRefusedError:
    item = items.get(wanted.item_public_id)
    if item is None or item.restaurant_id != restaurant.pk:
        return ItemRefusedError(
            _("It is not on the menu of %(name)s.") % {"name": restaurant},
            code="item_not_available",
        )
    note = wanted.note.strip()[:200]
    wish = Wish(item, wanted.quantity, wanted.choices, note)
    chosen = _try(wish)
    return chosen if isinstance(chosen, ItemRefusedError) else (wish, chosen)


def _put_fresh(cart: Cart, wishes: Sequence[tuple[Wish, list[ChosenModifier]]]) -> None:
    """Create the lines of an empty cart."""
    lines: dict[object, tuple[CartLine, list[ChosenModifier]]] = {}
    for wish, chosen in wishes:
        key = (wish.item.pk, wish.note, _shape(wish.choices))
        if key in lines:
            line = lines[key][0]
            line.quantity = min(MOST, line.quantity + wish.quantity)
            continue
        line = CartLine(
            cart=cart,
            item=wish.item,
            quantity=max(1, min(MOST, wish.quantity)),
            note=wish.note,
            unit_price_seen=unit_price(wish.item, chosen),
        )
        lines[key] = line, chosen
    CartLine.objects.bulk_create([line for line, _chosen in lines.values()])
    _write_modifiers(list(lines.values()))


def _write_modifiers(
    written: Iterable[tuple[CartLine, Sequence[ChosenModifier]]],
) -> None:
    parents = [
        (CartLineModifier(line=line, modifier=one.modifier), one.children)
        for line, chosen in written
        for one in chosen
    ]
    CartLineModifier.objects.bulk_create([row for row, _children in parents])
    CartLineModifier.objects.bulk_create(
        CartLineModifier(line=row.line, modifier=child.modifier, parent=row)
        for row, children in parents
        for child in children
    )
