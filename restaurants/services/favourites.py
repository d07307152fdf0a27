"""Restaurants that somebody wants to find again."""

from customers.models import User
from restaurants.models import Favourite


def set_favourite(*, user: User, restaurant_pk: int, wanted: bool) -> None:
    """Make a restaurant somebody's favourite, or no longer; once more is the same."""
    if wanted:
        Favourite.objects.get_or_create(user=user, restaurant_id=restaurant_pk)
    else:
        Favourite.objects.filter(user=user, restaurant=restaurant_pk).delete()
