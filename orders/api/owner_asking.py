"""What the API views for restaurants share: whose they are, and what is shown."""

from uuid import UUID

from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.views import APIView

from customers.models import Scope
from notifications.fields import PublicId, Strict
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import own_restaurants


class OwnerView(APIView):
    """A view for members of restaurants."""

    scope = Scope.RESTAURANT


class OwnRestaurantsQuerySerializer(Strict):
    """Which restaurants something is about."""

    restaurant_id = PublicId(
        required=False, help_text="One of the user's; all of them when it is left out."
    )


def get_own_restaurant(request: Request, public_id: UUID, duty: Duty) -> Restaurant:
    """Return a restaurant where the user has a duty; DoesNotExist for others'."""
    return own_restaurants(request.user, duty).get(public_id=public_id)


def list_chosen_restaurants(
    request: Request, public_id: UUID | None, duty: Duty
) -> list[Restaurant]:
    """Return the restaurant asked for, or all where the user has a duty.

    NotFound for another's, PermissionDenied for who has the duty nowhere.
    """
    own = list(own_restaurants(request.user, duty))
    if public_id is not None:
        own = [one for one in own if one.public_id == public_id]
        if not own:
            raise NotFound
    if not own:
        raise PermissionDenied
    return own
