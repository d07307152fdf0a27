"""Who runs a restaurant: never nobody, and never somebody who was not invited."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from customers.models import User
from customers.tests.factories import UserFactory
from notifications.selectors import get_preferences
from restaurants.exceptions import (
    AlreadyMemberError,
    InvitationOverError,
    LastOwnerError,
    NotAllowedError,
    OtherAccountError,
    RefusedError,
    TooManyError,
)
from restaurants.models import Invitation, Membership
from restaurants.services.acting import start_acting
from restaurants.services.people import (
    MOST_OPEN,
    accept_invitation,
    change_role,
    invite_member,
    remove_member,
    send_invitation,
    withdraw_invitation,
)
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
Role = Membership.Role


@pytest.fixture
def owner():
    return MembershipFactory()


def invite(owner, email="ben@example.com", role="staff"):
    return invite_member(
        restaurant_pk=owner.restaurant_id, actor=owner.user, email=email, role=role
    )


def test_an_invited_person_becomes_what_they_were_invited_as(owner):
    ben = UserFactory(email="Ben@example.com")
    invitation = invite(owner, role="manager")

    membership = accept_invitation(token=invitation.token, user=ben)

    assert (membership.restaurant_id, membership.role) == (
        owner.restaurant_id,
        Role.MANAGER,
    )


def test_accepting_twice_changes_nothing(owner):
    ben = UserFactory(email="ben@example.com")
    invitation = invite(owner)
    first = accept_invitation(token=invitation.token, user=ben)

    assert accept_invitation(token=invitation.token, user=ben) == first


def test_a_used_link_lets_nobody_back_who_was_removed(owner):
    ben = UserFactory(email="ben@example.com")
    invitation = invite(owner)
    member = accept_invitation(token=invitation.token, user=ben)
    remove_member(
        restaurant_pk=owner.restaurant_id, actor=owner.user, membership_pk=member.pk
    )

    with pytest.raises(InvitationOverError):
        accept_invitation(token=invitation.token, user=ben)


def test_a_link_is_of_no_use_to_another_account(owner):
    invitation = invite(owner)

    with pytest.raises(OtherAccountError):
        accept_invitation(token=invitation.token, user=UserFactory())

    assert Membership.objects.count() == 1


def test_an_invitation_runs_out_after_seven_days(owner):
    ben = UserFactory(email="ben@example.com")
    invitation = invite(owner)
    now = timezone.now()
    assert invitation.expires_at - now > timedelta(days=6, hours=23)
    Invitation.objects.update(expires_at=now - timedelta(seconds=1))

    with pytest.raises(InvitationOverError):
        accept_invitation(token=invitation.token, user=ben)


def test_a_withdrawn_link_stays_dead_after_a_new_invitation(owner):
    ben = UserFactory(email="ben@example.com")
    first = invite(owner)
    withdraw_invitation(
        restaurant_pk=owner.restaurant_id, actor=owner.user, invitation_pk=first.pk
    )
    with pytest.raises(InvitationOverError):
        accept_invitation(token=first.token, user=ben)

    second = invite(owner)

    assert second.token != first.token
    with pytest.raises(Invitation.DoesNotExist):
        accept_invitation(token=first.token, user=ben)


def test_inviting_the_same_email_again_renews_the_open_invitation(owner):
    first = invite(owner)
    Invitation.objects.update(expires_at=timezone.now() + timedelta(hours=1))

    second = invite(owner, email="BEN@example.com", role="manager")

    assert (second.pk, second.token) == (first.pk, first.token)
    assert second.expires_at > timezone.now() + timedelta(days=6)
    assert second.role == Role.MANAGER


def test_a_member_is_not_invited_again(owner):
    with pytest.raises(AlreadyMemberError):
        invite(owner, email=owner.user.email.upper())


def test_open_invitations_have_a_limit(owner):
    for number in range(MOST_OPEN):
        invite(owner, email=f"ben{number}@example.com")

    with pytest.raises(TooManyError):
        invite(owner)


def test_the_mail_tells_restaurant_role_and_link(owner):
    invitation = invite(owner, role="manager")

    assert send_invitation(invitation)

    [message] = mail.outbox
    assert message.to == ["ben@example.com"]
    assert owner.restaurant.name in message.subject
    assert f"/join/invitation/{invitation.token}/" in message.body
    assert "Manager" in message.body


def test_a_mail_that_cannot_be_sent_is_said(owner, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    assert not send_invitation(invite(owner))


@pytest.mark.parametrize("role", ["manager", "staff"])
def test_only_owners_decide_who_runs_the_restaurant(owner, role):
    other = MembershipFactory(restaurant=owner.restaurant, role=role)

    with pytest.raises(NotAllowedError):
        invite(other)
    with pytest.raises(NotAllowedError):
        remove_member(
            restaurant_pk=owner.restaurant_id,
            actor=other.user,
            membership_pk=owner.pk,
        )


def test_the_last_owner_stays(owner):
    with pytest.raises(LastOwnerError):
        remove_member(
            restaurant_pk=owner.restaurant_id,
            actor=owner.user,
            membership_pk=owner.pk,
        )


@pytest.fixture
def operator(owner):
    """Somebody who acts for the owner."""
    operator = UserFactory(is_staff=True, is_superuser=True)
    start_acting(
        restaurant_pk=owner.restaurant_id, operator=operator, reason="They called."
    )
    return operator


@pytest.mark.parametrize("role", [None, "staff", "manager"])
def test_who_acts_for_an_owner_changes_nothing_about_the_people(owner, operator, role):
    keys = {"restaurant_pk": owner.restaurant_id, "actor": operator}
    member = MembershipFactory(restaurant=owner.restaurant, role="staff")
    if role:
        MembershipFactory(restaurant=owner.restaurant, user=operator, role=role)
    invitation = invite(owner)
    before = set(Membership.objects.values_list("pk", "role"))

    for act in [
        lambda: invite_member(email=operator.email, role="owner", **keys),
        lambda: withdraw_invitation(invitation_pk=invitation.pk, **keys),
        lambda: change_role(membership_pk=member.pk, role="owner", **keys),
        lambda: remove_member(membership_pk=owner.pk, **keys),
    ]:
        with pytest.raises(NotAllowedError, match="You act for the owner"):
            act()

    assert set(Membership.objects.values_list("pk", "role")) == before
    assert list(Invitation.objects.all()) == [invitation]
    invitation.refresh_from_db()
    assert invitation.expires_at > timezone.now()


def test_an_operator_who_is_an_owner_themselves_decides_like_one(owner, operator):
    MembershipFactory(restaurant=owner.restaurant, user=operator)

    invite_member(
        restaurant_pk=owner.restaurant_id,
        actor=operator,
        email="ben@example.com",
        role="staff",
    )

    assert Invitation.objects.get().email == "ben@example.com"


def test_nobody_changes_their_own_role(owner):
    MembershipFactory(restaurant=owner.restaurant)

    with pytest.raises(NotAllowedError):
        change_role(
            restaurant_pk=owner.restaurant_id,
            actor=owner.user,
            membership_pk=owner.pk,
            role="staff",
        )


def test_a_member_of_another_restaurant_is_out_of_reach(owner):
    other = MembershipFactory()

    with pytest.raises(Membership.DoesNotExist):
        change_role(
            restaurant_pk=owner.restaurant_id,
            actor=owner.user,
            membership_pk=other.pk,
            role="staff",
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["remove", "demote"])
def test_two_owners_who_turn_on_each_other_leave_one(act):
    first = MembershipFactory()
    second = MembershipFactory(restaurant=first.restaurant)
    barrier = Barrier(2)

    def turn(actor, target):
        barrier.wait()
        keys = {"restaurant_pk": first.restaurant_id, "actor": actor.user}
        try:
            if act == "remove":
                remove_member(membership_pk=target.pk, **keys)
            else:
                change_role(membership_pk=target.pk, role="staff", **keys)
        except (RefusedError, Membership.DoesNotExist):
            return 0
        else:
            return 1
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(turn, [first, second], [second, first]))

    assert sum(done) == 1
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_while_it_is_sent_again_makes_one_member_and_no_failure():
    owner = MembershipFactory()
    ben = UserFactory(email="ben@example.com")
    token = invite(owner).token
    barrier = Barrier(2)

    def act(step):
        barrier.wait()
        try:
            return step()
        except AlreadyMemberError:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        steps = [
            lambda: accept_invitation(token=token, user=ben),
            lambda: invite(owner),
        ]
        list(pool.map(act, steps))

    assert Membership.objects.filter(user=ben).count() == 1
    assert Invitation.objects.get(token=token).accepted_at is not None


def test_only_who_runs_a_restaurant_chooses_how_its_news_reach_them():
    owner, diner = MembershipFactory.create().user, UserFactory.create()

    def categories(user: User) -> set[str]:
        return {row.category.name for row in get_preferences(user.pk)}

    assert categories(owner) - categories(diner) == {"kitchen"}
