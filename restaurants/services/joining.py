"""How a restaurant joins: it applies, is approved, sets itself up and goes live."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext as _

from customers.models import User
from restaurants.exceptions import WrongStatusError
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

    BadRowError: no such place on the map. It lies in the region of its country's code,
    made when it is the first one there.
    """
    region, _is_new = Region.objects.get_or_create(
        code=fields.country.lower(), defaults={"name": fields.country}
    )
    restaurant = Restaurant.objects.create(
        region=region,
        name=fields.name,
        slug=_new_slug(fields.name),
        status=Status.PENDING,
        phone=fields.phone,
        email=fields.email,
        street_address=fields.street_address,
        locality=fields.locality,
        postal_code=fields.postal_code,
        country=fields.country,
        latitude=fields.latitude,
        longitude=fields.longitude,
        location=to_plane(fields.latitude, fields.longitude),
        time_zone=time_zone_at(fields.latitude, fields.longitude),
        currency=fields.currency,
    )
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
def approve_restaurant(*, restaurant_pk: int, operator: User) -> Restaurant:
    """Open the portal for a restaurant that waits; it goes live itself when ready."""
    restaurant = _lock(restaurant_pk, Status.PENDING, Status.REFUSED)
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
        context={"reason": reason, "url": "/"},
    )
    return restaurant


@transaction.atomic
def go_live(*, restaurant_pk: int) -> Restaurant:
    """List a restaurant that has set itself up."""
    restaurant = _lock(restaurant_pk, Status.SETTING_UP)
    _set_status(restaurant, Status.LIVE)
    return restaurant


@transaction.atomic
def suspend_restaurant(*, restaurant_pk: int) -> Restaurant:
    """Take a restaurant off every list; orders under way go on."""
    restaurant = _lock(restaurant_pk, *Status)
    _set_status(restaurant, Status.SUSPENDED)
    return restaurant


@transaction.atomic
def reinstate_restaurant(*, restaurant_pk: int) -> Restaurant:
    """List a restaurant again that was suspended."""
    restaurant = _lock(restaurant_pk, Status.SUSPENDED)
    _set_status(restaurant, Status.LIVE)
    return restaurant


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
