from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from customers.models import User
from customers.places import get_chosen_place
from orders.selectors import count_cart_items, get_guest_order_under_way
from orders.services.cart import SESSION_KEY
from orders.services.guests import GUEST_ORDERS


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "MAP_TILE_URL": settings.MAP_TILE_URL,
        "SITE_URL": settings.SITE_URL,
        "STREAMS_URL": settings.STREAMS_URL,
    }


def header(request: HttpRequest) -> dict[str, object]:
    """Give what the header shows; lazily, so that the admin sites ask nothing."""
    user = getattr(request, "user", None)
    if user is None:
        return {}
    return {
        "header_place": SimpleLazyObject(lambda: get_chosen_place(request)),
        "cart_count": SimpleLazyObject(
            lambda: count_cart_items(
                user=user if isinstance(user, User) else None,
                token=request.session.get(SESSION_KEY),
            )
        ),
        "guest_order": SimpleLazyObject(
            lambda: get_guest_order_under_way(
                guest_orders=request.session.get(GUEST_ORDERS, [])
            )
        ),
    }
