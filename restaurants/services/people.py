"""Who runs a restaurant: invitations, roles and goodbyes.

Every rule about how many are left is checked with the restaurant's row locked, so that
two owners who remove each other at once do not leave nobody.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import User
from notifications.models import WebhookEndpoint
from notifications.services.webhooks import stop_endpoints
from restaurants.exceptions import (
    AlreadyMemberError,
    InvitationOverError,
    LastOwnerError,
    NotAllowedError,
    OtherAccountError,
    TooManyError,
)
from restaurants.models import (
    Duty,
    Invitation,
    Membership,
    Restaurant,
    new_invitation_token,
    roles_with,
)
from restaurants.notifications import about_of

Role = Membership.Role
VALID_FOR = timedelta(days=7)
MOST_OPEN = 20
ONLY_MEMBERS = gettext_lazy(
    "You act for the owner: you can see who runs this restaurant, but only its own"
    " people decide about it."
)

logger = logging.getLogger(__name__)


@transaction.atomic
def invite_member(
    *, restaurant_pk: int, actor: User, email: str, role: str
) -> Invitation:
    """Offer somebody to join; an invitation that is still open starts anew.

    A link that was withdrawn or ran out stays dead. AlreadyMemberError, TooManyError,
    NotAllowedError.
    """
    _lock(restaurant_pk, actor)
    email = User.objects.normalize_email(email)
    if Membership.objects.filter(
        restaurant=restaurant_pk, user__email__iexact=email
    ).exists():
        raise AlreadyMemberError(
            _("%(email)s runs this restaurant with you already.") % {"email": email}
        )
    now = timezone.now()
    waiting = Invitation.objects.filter(restaurant=restaurant_pk, accepted_at=None)
    # Locked, since it may be accepted right now.
    invitation = waiting.select_for_update().filter(email__iexact=email).first()
    if invitation is None:
        if waiting.filter(expires_at__gt=now).count() >= MOST_OPEN:
            raise TooManyError(
                _("%(count)d invitations are open. Withdraw some first.")
                % {"count": MOST_OPEN}
            )
        invitation = Invitation(restaurant_id=restaurant_pk)
    elif invitation.expires_at <= now:
        invitation.token = new_invitation_token()
    invitation.email, invitation.role = email, Role(role)
    invitation.invited_by = actor
    invitation.created_at, invitation.expires_at = now, now + VALID_FOR
    invitation.save()
    return invitation


def send_invitation(invitation: Invitation) -> bool:
    """Mail the link; False when the mail could not be sent. Call it after commit."""
    inviter = invitation.invited_by
    context = {
        "restaurant": invitation.restaurant.name,
        "role": invitation.get_role_display(),
        "inviter": (inviter.name or inviter.email) if inviter else "",
        "link": link_of(invitation),
        "days": VALID_FOR.days,
    }
    subject = render_to_string("restaurants/join_invitation_subject.txt", context)
    body = render_to_string("restaurants/join_invitation_email.txt", context)
    try:
        send_mail(" ".join(subject.split()), body, None, [invitation.email])
    except (SMTPException, OSError):
        logger.exception("An invitation to %s was not sent.", invitation.restaurant)
        return False
    return True


def link_of(invitation: Invitation) -> str:
    path = reverse("joining:invitation", args=[invitation.token])
    return f"{settings.SITE_URL}{path}"


@transaction.atomic
def withdraw_invitation(
    *, restaurant_pk: int, actor: User, invitation_pk: int
) -> Invitation:
    """Make an open invitation's link dead. Invitation.DoesNotExist, NotAllowedError."""
    _lock(restaurant_pk, actor)
    invitation = Invitation.objects.select_for_update().get(
        pk=invitation_pk, restaurant=restaurant_pk, accepted_at=None
    )
    # Never valid, unlike one whose days have passed, which can be seen.
    invitation.expires_at = invitation.created_at
    invitation.save(update_fields=["expires_at"])
    return invitation


@transaction.atomic
def accept_invitation(*, token: str, user: User) -> Membership:
    """Make the invited person a member; the same person's second time changes nothing.

    Invitation.DoesNotExist, OtherAccountError, InvitationOverError.
    """
    invitation = Invitation.objects.select_for_update(of=("self",)).get(token=token)
    if invitation.email.lower() != user.email.lower():
        raise OtherAccountError(
            _("This invitation is for %(email)s. Sign in with that account.")
            % {"email": invitation.email}
        )
    now = timezone.now()
    members = Membership.objects.filter(restaurant=invitation.restaurant_id, user=user)
    if invitation.accepted_at is None and invitation.expires_at > now:
        membership, _is_new = members.get_or_create(
            restaurant_id=invitation.restaurant_id,
            user=user,
            defaults={"role": invitation.role},
        )
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
        return membership
    already = members.first()
    if already is None:
        raise InvitationOverError(
            _("This invitation is no longer valid. Ask for a new one.")
        )
    return already


@transaction.atomic
def change_role(
    *, restaurant_pk: int, actor: User, membership_pk: int, role: str
) -> Membership:
    """Give a member another role.

    NotAllowedError for one's own (another owner decides), LastOwnerError,
    Membership.DoesNotExist.
    """
    _lock(restaurant_pk, actor)
    membership = _get_member(restaurant_pk, membership_pk)
    if membership.user_id == actor.pk:
        raise NotAllowedError(
            _("Your own role is changed by another owner, so that it is no slip.")
        )
    if membership.role == Role.OWNER and role != Role.OWNER:
        _check_other_owner(membership)
    membership.role = Role(role)
    membership.save(update_fields=["role"])
    if role not in roles_with(Duty.PEOPLE):
        _stop_webhooks(membership)
    return membership


@transaction.atomic
def remove_member(*, restaurant_pk: int, actor: User, membership_pk: int) -> Membership:
    """End a membership, at once everywhere; one's own too.

    LastOwnerError, NotAllowedError, Membership.DoesNotExist.
    """
    _lock(restaurant_pk, actor)
    membership = _get_member(restaurant_pk, membership_pk)
    if membership.role == Role.OWNER:
        _check_other_owner(membership)
    Membership.objects.filter(pk=membership.pk).delete()
    _stop_webhooks(membership)
    return membership


@transaction.atomic
def stop_webhooks_of_others(*, restaurant_pks: Iterable[int]) -> int:
    """Stop the webhooks of whoever no longer decides; return how many.

    For changes that operators make to memberships themselves, past these services.
    """
    restaurants = Restaurant.objects.select_for_update(of=("self",), no_key=True)
    stopped = 0
    for restaurant in restaurants.filter(pk__in=list(restaurant_pks)).order_by("pk"):
        about = about_of(restaurant.public_id)
        owners = WebhookEndpoint.objects.filter(about=about, is_active=True)
        deciders = Membership.objects.filter(
            restaurant=restaurant, role__in=roles_with(Duty.PEOPLE)
        )
        others = owners.exclude(owner__in=deciders.values("user"))
        for owner_pk in set(others.values_list("owner_id", flat=True)):
            stopped += stop_endpoints(
                owner_pk=owner_pk, about=about, because="owner_left"
            )
    return stopped


def _stop_webhooks(membership: Membership) -> None:
    """Stop what only somebody who decides about people may hear."""
    about = about_of(membership.restaurant.public_id)
    stop_endpoints(owner_pk=membership.user_id, about=about, because="owner_left")


def _lock(restaurant_pk: int, actor: User) -> None:
    # Without its key: who accepts, or orders, meanwhile need not wait.
    restaurants = Restaurant.objects.select_for_update(of=("self",), no_key=True)
    restaurants.get(pk=restaurant_pk)
    # Asked only now: whoever held the lock may have removed them.
    may = Restaurant.objects.run_by(actor, Duty.PEOPLE).filter(pk=restaurant_pk)
    if not may.exists():
        raise NotAllowedError(_("You no longer decide who runs this restaurant."))
    if not decides_people(restaurant_pk, actor):
        raise NotAllowedError(ONLY_MEMBERS)


def decides_people(restaurant_pk: int, user: User) -> bool:
    """Tell whether somebody decides who runs a restaurant, as a member of their own.

    An operator who acts for the owner does not: what they grant would outlast them.
    """
    return Membership.objects.filter(
        restaurant=restaurant_pk, user=user, role__in=roles_with(Duty.PEOPLE)
    ).exists()


def _get_member(restaurant_pk: int, membership_pk: int) -> Membership:
    return Membership.objects.select_related("user", "restaurant").get(
        pk=membership_pk, restaurant=restaurant_pk
    )


def _check_other_owner(membership: Membership) -> None:
    others = Membership.objects.filter(
        restaurant=membership.restaurant_id, role=Role.OWNER
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise LastOwnerError(
            _(
                "%(name)s is the only owner. Make somebody else an owner first, so"
                " that the restaurant is never without."
            )
            % {"name": membership.user.name or membership.user.email}
        )
