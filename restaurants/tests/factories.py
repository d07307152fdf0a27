from dataclasses import asdict
from datetime import time
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from customers.tests.factories import UserFactory
from restaurants.geo import to_plane
from restaurants.models import Cuisine, Membership, OpeningHours, Region, Restaurant
from restaurants.opening import WeeklySpan
from restaurants.services.derived import new_document, set_open_spans


class RegionFactory(DjangoModelFactory[Region]):
    code = "san-francisco"
    name = "San Francisco"

    class Meta:
        model = Region
        django_get_or_create = ["code"]


class CuisineFactory(DjangoModelFactory[Cuisine]):
    slug = "italian"
    name = "Italian"

    class Meta:
        model = Cuisine
        django_get_or_create = ["slug"]


class RestaurantFactory(DjangoModelFactory[Restaurant]):
    """A live restaurant in San Francisco's Mission that is open around the clock."""

    region = factory.SubFactory(RegionFactory)
    name = factory.Sequence(lambda n: f"Trattoria {n}")
    slug = factory.Sequence(lambda n: f"trattoria-{n}")
    status = Restaurant.Status.LIVE
    latitude = 37.7599
    longitude = -122.4148
    location = factory.LazyAttribute(lambda o: to_plane(o.latitude, o.longitude))
    time_zone = "America/Los_Angeles"
    phone = "+14155550100"

    class Meta:
        model = Restaurant

    @classmethod
    def _create(
        cls, model_class: type[Restaurant], *args: Any, **kwargs: Any
    ) -> Restaurant:
        hours = kwargs.pop("hours", [(day, time(0), time(0)) for day in range(7)])
        restaurant: Restaurant = super()._build(model_class, *args, **kwargs)
        week = [WeeklySpan(*span) for span in hours]
        set_open_spans(restaurant, weekly=week, now=timezone.now())
        restaurant.search_document = new_document(restaurant.name)
        restaurant.save()
        OpeningHours.objects.bulk_create(
            OpeningHours(restaurant=restaurant, **asdict(span)) for span in week
        )
        restaurant.refresh_from_db()
        return restaurant


class MembershipFactory(DjangoModelFactory[Membership]):
    restaurant = factory.SubFactory(RestaurantFactory)
    user = factory.SubFactory(UserFactory)
    role = Membership.Role.OWNER

    class Meta:
        model = Membership
