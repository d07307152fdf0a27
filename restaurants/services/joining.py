"""How a restaurant joins: it applies, is approved, sets itself up and goes live."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from customers.models import User
from restaurants.exceptions import (
    ChecksMissingError,
    StepsMissingError,
    TooManyError,
    WrongStatusError,
)
from restaurants.geo import to_plane
from restaurants.models import Application, Membership, Region, Restaurant
from restaurants.notifications import (
    APPLICATION_APPROVED,
    APPLICATION_REFUSED,
    tell_people,
)
from restaurants.services.derived import refresh_search_document
from restaurants.services.sources import time_zone_at

Status = Restaurant.Status
MOST_PENDING = 5


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of the first steps: what there is to do, and how the data tells it is done.

    `name` is the portal's page where it is done; with `is_posted` a button does it.
    """

    code: str
    label: StrOrPromise
    description: StrOrPromise
    is_done: Callable[[Restaurant], bool]
    name: str
    position: int
    is_needed: bool = True
    is_posted: bool = False
    about_one: bool = True

    def url_for(self, restaurant: Restaurant) -> str:
        args = [restaurant.pk] if self.about_one else []
        return reverse(f"owner:{self.name}", args=args)


_steps: dict[str, Step] = {}


def add_step(step: Step) -> None:
    """Add a first step: an app knows by itself whether its own are done."""
    _steps[step.code] = step


def list_steps(restaurant: Restaurant) -> list[tuple[Step, bool]]:
    """Return the first steps in order, each with whether it is done; a query each."""
    steps = sorted(_steps.values(), key=lambda step: step.position)
    return [(step, step.is_done(restaurant)) for step in steps]


def list_missing_steps(restaurant: Restaurant) -> list[Step]:
    """Return what is still to be done before the restaurant can go live."""
    return [
        step for step, done in list_steps(restaurant) if step.is_needed and not done
    ]


@dataclass(frozen=True, kw_only=True)
class ApplicationFields:
    """What a restaurant says when it applies; the place in WGS 84 degrees."""

    name: str
    legal_name: str
    phone: str
    email: str
    street_address: str
    locality: str
    postal_code: str
    country: str
    latitude: float
    longitude: float
    currency: str
    registration: str = ""
    message: str = ""


@transaction.atomic
def apply_as_restaurant(*, applicant: User, fields: ApplicationFields) -> Restaurant:
    """Make a restaurant that waits for approval; the applicant is its owner.

    BadRowError: no such place on the map. TooManyError: the same name twice, or more
    than one person has. It lies in the region of its country's code, made when it is
    the first one there.
    """
    # One at a time, so that a double click does not apply twice.
    User.objects.select_for_update(no_key=True).get(pk=applicant.pk)
    _check_number(applicant, fields.name)
    restaurant = Restaurant(slug=_new_slug(fields.name), status=Status.PENDING)
    _fill(restaurant, fields)
    restaurant.save()
    refresh_search_document(restaurant_pk=restaurant.pk)
    Membership.objects.create(
        restaurant=restaurant, user=applicant, role=Membership.Role.OWNER
    )
    Application.objects.create(
        restaurant=restaurant,
        applicant=applicant,
        legal_name=fields.legal_name,
        registration=fields.registration,
        message=fields.message,
    )
    return restaurant


@transaction.atomic
def apply_again(
    *, restaurant_pk: int, applicant: User, fields: ApplicationFields
) -> Restaurant:
    """Send a refused application anew, with changes; the checks start over.

    Application.DoesNotExist for another's, WrongStatusError, BadRowError.
    """
    restaurant = _lock(restaurant_pk, Status.REFUSED)
    application = Application.objects.select_for_update().get(
        restaurant=restaurant, applicant=applicant
    )
    _fill(restaurant, fields)
    restaurant.status = Status.PENDING
    restaurant.save()
    refresh_search_document(restaurant_pk=restaurant.pk)
    application.legal_name = fields.legal_name
    application.registration = fields.registration
    application.message = fields.message
    application.applied_at = timezone.now()
    application.decided_at, application.decided_by = None, None
    application.refusal, application.checks = "", []
    application.save()
    return restaurant


@transaction.atomic
def record_checks(*, restaurant_pk: int, checks: Collection[str]) -> Application:
    """Keep which points of the checklist are ticked, in the list's own order.

    WrongStatusError once the application is decided.
    """
    _lock(restaurant_pk, Status.PENDING)
    application = Application.objects.get(restaurant=restaurant_pk)
    application.checks = [one for one in Application.Check.values if one in checks]
    application.save(update_fields=["checks"])
    return application


@transaction.atomic
def approve_restaurant(*, restaurant_pk: int, operator: User) -> Restaurant:
    """Open the portal for a restaurant that waits; it goes live itself when ready.

    ChecksMissingError names what is not ticked; WrongStatusError.
    """
    restaurant = _lock(restaurant_pk, Status.PENDING)
    _check_checks(restaurant)
    _decide(restaurant, operator, refusal="")
    _set_status(restaurant, Status.SETTING_UP)
    tell_people(APPLICATION_APPROVED, restaurant, key=timezone.now().isoformat())
    return restaurant


@transaction.atomic
def refuse_restaurant(*, restaurant_pk: int, operator: User, reason: str) -> Restaurant:
    """Turn an application down; the applicant is told why."""
    restaurant = _lock(restaurant_pk, Status.PENDING)
    _decide(restaurant, operator, refusal=reason)
    _set_status(restaurant, Status.REFUSED)
    tell_people(
        APPLICATION_REFUSED,
        restaurant,
        key=timezone.now().isoformat(),
        context={"reason": reason, "url": reverse("joining:status")},
    )
    return restaurant


@transaction.atomic
def go_live(*, restaurant_pk: int) -> Restaurant:
    """List a restaurant that has set itself up; StepsMissingError says what lacks."""
    restaurant = _lock(restaurant_pk, Status.SETTING_UP)
    missing = list_missing_steps(restaurant)
    if missing:
        raise StepsMissingError(
            _("Still to do before you can go live: %(steps)s.")
            % {"steps": ", ".join(str(step.label) for step in missing)}
        )
    _set_status(restaurant, Status.LIVE)
    return restaurant


@transaction.atomic
def suspend_restaurant(*, restaurant_pk: int) -> Restaurant:
    """Take a restaurant off every list; orders under way go on."""
    # One that waits is refused instead: coming back would spare it the approval.
    restaurant = _lock(restaurant_pk, Status.SETTING_UP, Status.LIVE)
    _set_status(restaurant, Status.SUSPENDED)
    return restaurant


@transaction.atomic
def reinstate_restaurant(*, restaurant_pk: int) -> Restaurant:
    """List a restaurant again that was suspended.

    One that applied and has not done its first steps goes on with them.
    """
    restaurant = _lock(restaurant_pk, Status.SUSPENDED)
    has_applied = Application.objects.filter(restaurant=restaurant).exists()
    is_unready = has_applied and bool(list_missing_steps(restaurant))
    _set_status(restaurant, Status.SETTING_UP if is_unready else Status.LIVE)
    return restaurant


def _check_number(applicant: User, name: str) -> None:
    pending = Application.objects.filter(
        applicant=applicant, restaurant__status=Status.PENDING
    )
    if pending.filter(restaurant__name__iexact=name).exists():
        raise TooManyError(
            _("You have applied with “%(name)s” already; we are looking at it.")
            % {"name": name}
        )
    if pending.count() >= MOST_PENDING:
        raise TooManyError(
            _("%(count)d of your applications wait for an answer. Please wait for it.")
            % {"count": MOST_PENDING}
        )


def _fill(restaurant: Restaurant, fields: ApplicationFields) -> None:
    region, _is_new = Region.objects.get_or_create(
        code=fields.country.lower(), defaults={"name": fields.country}
    )
    restaurant.region = region
    restaurant.name = fields.name
    restaurant.phone = fields.phone
    restaurant.email = fields.email
    restaurant.street_address = fields.street_address
    restaurant.locality = fields.locality
    restaurant.postal_code = fields.postal_code
    restaurant.country = fields.country
    restaurant.latitude = fields.latitude
    restaurant.longitude = fields.longitude
    restaurant.location = to_plane(fields.latitude, fields.longitude)
    restaurant.time_zone = time_zone_at(fields.latitude, fields.longitude)
    restaurant.currency = fields.currency


def _check_checks(restaurant: Restaurant) -> None:
    application = Application.objects.filter(restaurant=restaurant).first()
    if application is None:  # made by operators themselves
        return
    missing = [
        str(check.label)
        for check in Application.Check
        if check.value not in application.checks
    ]
    if missing:
        raise ChecksMissingError(
            _("Not checked yet: %(checks)s.") % {"checks": "; ".join(missing)}
        )


def _new_slug(name: str) -> str:
    # Names repeat, and two may apply at once.
    return f"{slugify(name)[:70] or 'restaurant'}-{get_random_string(6).lower()}"


def _lock(restaurant_pk: int, *allowed: Restaurant.Status) -> Restaurant:
    restaurant = (
        Restaurant.objects.select_for_update(of=("self",))
        .select_related("region")
        .get(pk=restaurant_pk)
    )
    if restaurant.status not in allowed:
        raise WrongStatusError(
            _("%(name)s is now: %(status)s.")
            % {"name": restaurant.name, "status": restaurant.get_status_display()}
        )
    return restaurant


def _set_status(restaurant: Restaurant, status: Restaurant.Status) -> None:
    restaurant.status = status
    restaurant.save(update_fields=["status"])


def _decide(restaurant: Restaurant, operator: User, *, refusal: str) -> None:
    now: datetime = timezone.now()
    Application.objects.filter(restaurant=restaurant).update(
        decided_at=now, decided_by=operator, refusal=refusal
    )
