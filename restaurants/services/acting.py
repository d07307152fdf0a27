"""An operator acts for a restaurant as its owner would; every session is kept."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import User
from restaurants.exceptions import NotAllowedError, WrongStatusError
from restaurants.models import ActingSession, Restaurant

LASTS = timedelta(hours=2)


@transaction.atomic
def start_acting(*, restaurant_pk: int, operator: User, reason: str) -> ActingSession:
    """Open a restaurant's portal to an operator for two hours; ends what was before.

    NotAllowedError without the permission, WrongStatusError when there is no portal.
    """
    # Its row is the lock: an operator acts for one restaurant at a time.
    operator = User.objects.select_for_update(no_key=True).get(pk=operator.pk)
    if not (operator.is_staff and operator.has_perm("restaurants.add_actingsession")):
        raise NotAllowedError(_("You may not act for restaurants."))
    restaurant = Restaurant.objects.get(pk=restaurant_pk)
    if restaurant.status in (Restaurant.Status.PENDING, Restaurant.Status.REFUSED):
        raise WrongStatusError(
            _("%(name)s has no portal before it is approved.")
            % {"name": restaurant.name}
        )
    end_acting(operator=operator)
    return ActingSession.objects.create(
        operator=operator,
        restaurant=restaurant,
        reason=reason,
        expires_at=timezone.now() + LASTS,
    )


def end_acting(*, operator: User) -> bool:
    """End the operator's session, if there is one; tell whether there was."""
    now = timezone.now()
    running = ActingSession.objects.filter(operator=operator, ended_at=None)
    return bool(running.update(ended_at=now))
