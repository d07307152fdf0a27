"""Reads about who runs restaurants, and who wants to."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Case, F, When
from django.utils.translation import gettext_lazy as _

from customers.models import User
from restaurants.models import (
    DUTIES,
    ActingSession,
    Application,
    Duty,
    Invitation,
    Membership,
    Restaurant,
)


@dataclass(frozen=True)
class Portals:
    """The restaurants somebody runs: what they may do, in the order of the names."""

    duties: dict[int, frozenset[Duty]]
    setting_up: frozenset[int]  # keys of those that are not live yet
    acting: frozenset[int]  # keys of those where an operator acts for the owner
    roles: dict[int, str] = field(default_factory=dict)  # a Membership.Role, of members


def list_portals(user: User) -> Portals:
    """Return what somebody may do at the restaurants they run, by key and by name."""
    own = Restaurant.objects.run_by(user).values_list("pk", "status")
    roles = dict(Membership.objects.filter(user=user).values_list("restaurant", "role"))
    # Who is no member is there as an operator acting for the owner.
    owner = Membership.Role.OWNER
    status = dict(own)
    return Portals(
        duties={pk: DUTIES[Membership.Role(roles.get(pk, owner))] for pk in status},
        setting_up=frozenset(
            pk for pk, now in status.items() if now == Restaurant.Status.SETTING_UP
        ),
        acting=frozenset(status.keys() - roles.keys()),
        roles=roles,
    )


def get_acting_session(user: User) -> ActingSession | None:
    """Return the session in which an operator acts for a restaurant now, if any."""
    if not user.is_staff:
        return None
    sessions = ActingSession.objects.under_way().filter(operator=user)
    return sessions.select_related("restaurant").first()


def list_applications_of(user: User) -> list[Application]:
    """Return what somebody applied with, the newest first, restaurants loaded."""
    applications = Application.objects.filter(applicant=user)
    return list(
        applications.select_related("restaurant").order_by("-applied_at", "-pk")
    )


@dataclass(frozen=True)
class Member:
    membership: Membership
    since: datetime | None  # when they accepted an invitation, if by one


def list_members(restaurant: Restaurant) -> list[Member]:
    """Return who runs a restaurant, owners first."""
    rank = Case(
        *(When(role=role, then=n) for n, role in enumerate(Membership.Role.values))
    )
    accepted = Invitation.objects.filter(
        restaurant=restaurant, accepted_at__isnull=False
    )
    since = {one.email.lower(): one.accepted_at for one in accepted}
    members = Membership.objects.filter(restaurant=restaurant).select_related("user")
    return [
        Member(one, since.get(one.user.email.lower()))
        for one in members.order_by(rank, "user__name", "pk")
    ]


def list_invitations(restaurant: Restaurant) -> list[Invitation]:
    """Return the invitations nobody has accepted, without those taken back."""
    return list(
        Invitation.objects.filter(
            restaurant=restaurant, accepted_at=None, expires_at__gt=F("created_at")
        ).select_related("restaurant", "invited_by")
    )


def list_hints(restaurant: Restaurant) -> list[str]:
    """Return what stands out about a restaurant that applies, for the operators."""
    others = Restaurant.objects.exclude(pk=restaurant.pk)
    hints: list[str] = []
    if restaurant.phone:
        names = others.filter(phone=restaurant.phone).values_list("name", flat=True)
        hints += [
            str(_("The same phone number as “%(name)s”.")) % {"name": name}
            for name in names[:3]
        ]
    if restaurant.street_address:
        names = others.filter(
            street_address__iexact=restaurant.street_address,
            locality__iexact=restaurant.locality,
        ).values_list("name", flat=True)
        hints += [
            str(_("The same address as “%(name)s”.")) % {"name": name}
            for name in names[:3]
        ]
    if not restaurant.email:
        hints.append(str(_("No email is given.")))
    return hints
