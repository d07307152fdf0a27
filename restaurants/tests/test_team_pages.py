"""The page of the people, and what each role gets to see of the portal."""

import pytest
from django.core import mail
from django.urls import reverse

from customers.tests.factories import UserFactory
from restaurants.models import Invitation, Membership
from restaurants.owner_site import owner_site
from restaurants.services.acting import start_acting
from restaurants.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    membership = MembershipFactory()
    client.force_login(membership.user)
    return membership


def people(membership):
    return reverse("owner:people", args=[membership.restaurant_id])


def test_an_owner_invites_by_email(client, owner):
    client.post(people(owner), {"email": "ben@example.com", "role": "manager"})

    invitation = Invitation.objects.get()
    page = client.get(people(owner)).content.decode()
    assert mail.outbox[0].to == ["ben@example.com"]
    assert f"/join/invitation/{invitation.token}/" in page
    assert "ben@example.com" in page


def test_a_mail_that_fails_leaves_the_link_to_send_oneself(client, owner, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    page = client.post(
        people(owner), {"email": "ben@example.com", "role": "staff"}, follow=True
    )

    assert "Send the link yourself" in page.content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        {"email": "nobody", "role": "staff"},
        {"email": "", "role": "staff"},
        {"email": "ben@example.com", "role": "king"},
    ],
)
def test_bad_input_is_said_beside_the_field(client, owner, typed):
    page = client.post(people(owner), typed)

    assert "team-error" in page.content.decode()
    assert f'value="{typed["email"]}"' in page.content.decode() or not typed["email"]
    assert not Invitation.objects.exists()


def test_a_member_is_not_invited_again(client, owner):
    page = client.post(people(owner), {"email": owner.user.email, "role": "staff"})

    assert "already" in page.content.decode()


def test_an_invitation_is_sent_again_and_withdrawn(client, owner):
    client.post(people(owner), {"email": "ben@example.com", "role": "staff"})
    invitation = Invitation.objects.get()

    def step(name):
        keys = [owner.restaurant_id, invitation.pk, name]
        return client.post(reverse("owner:people-invitation", args=keys))

    step("again")
    assert len(mail.outbox) == 2
    step("withdraw")
    assert "Nobody is invited" in client.get(people(owner)).content.decode()
    assert step("nonsense").status_code == 404
    link = reverse("joining:invitation", args=[invitation.token])
    assert client.get(link).status_code == 410


def test_roles_are_changed_and_people_removed_after_a_question(client, owner):
    other = MembershipFactory(restaurant=owner.restaurant, role="staff")
    keys = [owner.restaurant_id, other.pk]

    client.post(reverse("owner:people-role", args=keys), {"role": "manager"})
    other.refresh_from_db()
    assert other.role == "manager"
    client.post(reverse("owner:people-role", args=keys), {"role": "king"})
    other.refresh_from_db()
    assert other.role == "manager"
    remove = reverse("owner:people-remove", args=keys)
    assert other.user.email in client.get(remove).content.decode()
    assert Membership.objects.count() == 2
    client.post(remove)
    assert list(Membership.objects.all()) == [owner]


def test_the_last_owner_is_told_why_they_cannot_leave(client, owner):
    remove = reverse("owner:people-remove", args=[owner.restaurant_id, owner.pk])

    page = client.post(remove, follow=True)

    assert "only owner" in page.content.decode()
    assert Membership.objects.exists()


def test_an_owner_who_leaves_lands_outside(client, owner):
    MembershipFactory(restaurant=owner.restaurant)
    remove = reverse("owner:people-remove", args=[owner.restaurant_id, owner.pk])

    assert client.post(remove).url == "/"
    assert client.get(people(owner)).status_code == 302


def test_another_restaurants_people_are_out_of_reach(client, owner):
    other = MembershipFactory(role="staff")
    invitation = Invitation.objects.create(
        restaurant=other.restaurant,
        email="ben@example.com",
        role="staff",
        expires_at="2999-01-01T00:00Z",
    )
    mine, theirs = owner.restaurant_id, other.restaurant_id
    for args in ([theirs, other.pk], [mine, other.pk]):
        for name, form in (("people-role", {"role": "owner"}), ("people-remove", {})):
            answer = client.post(reverse(f"owner:{name}", args=args), form)
            assert answer.status_code == 404
    for restaurant in (mine, theirs):
        keys = [restaurant, invitation.pk, "withdraw"]
        answer = client.post(reverse("owner:people-invitation", args=keys))
        assert answer.status_code == 404
    other.refresh_from_db()
    assert other.role == "staff"


def test_the_number_of_queries_does_not_grow(
    client, owner, django_assert_max_num_queries
):
    for number in range(15):
        MembershipFactory(restaurant=owner.restaurant, role="staff")
        Invitation.objects.create(
            restaurant=owner.restaurant,
            email=f"ben{number}@example.com",
            role="staff",
            expires_at="2999-01-01T00:00Z",
        )
    client.get(people(owner))

    with django_assert_max_num_queries(13):
        client.get(people(owner))


def test_an_invitation_is_accepted_by_who_was_invited(client, owner):
    client.post(people(owner), {"email": "ben@example.com", "role": "staff"})
    link = reverse("joining:invitation", args=[Invitation.objects.get().token])
    client.logout()

    page = client.get(link).content.decode()
    assert owner.restaurant.name in page
    assert f"next={link}" in page
    assert client.post(link).status_code == 200
    assert Membership.objects.count() == 1
    client.force_login(UserFactory())
    assert "Sign out" in client.get(link).content.decode()
    assert client.post(link).status_code == 400
    client.force_login(UserFactory(email="ben@example.com"))
    answer = client.post(link)

    assert answer.url == reverse("owner:index")
    assert Membership.objects.filter(role="staff").count() == 1
    assert client.post(link).status_code == 302
    assert client.get(link).status_code == 410


def test_an_unknown_link_is_not_found(client):
    assert client.get("/join/invitation/nothing/").status_code == 404


PAGES = owner_site._pages  # noqa: SLF001 (a registry is to be read)
MODELS = owner_site._registry  # noqa: SLF001


@pytest.mark.parametrize(
    ("role", "seen", "unseen"),
    [
        ("staff", ["board"], ["figures", "people", "orders_order_changelist"]),
        (
            "manager",
            ["board", "orders_order_changelist", "menus_item_changelist"],
            ["figures", "people"],
        ),
        ("owner", ["board", "figures", "people"], ["first-steps"]),
    ],
)
def test_the_navigation_shows_what_the_role_may_open(client, role, seen, unseen):
    member = MembershipFactory(role=role)
    client.force_login(member.user)
    about_one = {page.name for page in PAGES if page.about_one}
    page = client.get(reverse("owner:board"), follow=True).content.decode()

    def link(name):
        args = [member.restaurant_id] if name in about_one else []
        return f'href="{reverse(f"owner:{name}", args=args)}"'

    for name in seen:
        assert link(name) in page, name
    for name in unseen:
        assert link(name) not in page, name


def test_who_acts_for_an_owner_looks_and_is_told_why_no_more(client, owner):
    operator = UserFactory(is_staff=True, is_superuser=True)
    restaurant = owner.restaurant_id
    start_acting(restaurant_pk=restaurant, operator=operator, reason="They called.")
    why = "only its own people decide about it"
    keys = [restaurant, owner.pk]
    role, remove = (f"owner:people-{step}" for step in ("role", "remove"))
    assert why not in client.get(people(owner)).content.decode()
    client.force_login(operator)

    pages = [
        client.get(people(owner)),
        client.post(people(owner), {"email": operator.email, "role": "owner"}),
        client.post(reverse(role, args=keys), {"role": "staff"}, follow=True),
        client.get(reverse(remove, args=keys), follow=True),
        client.post(reverse(remove, args=keys), follow=True),
    ]

    for page in pages:
        text = page.content.decode()
        assert owner.user.email in text
        assert why in text
    assert not Invitation.objects.exists()
    assert [one.role for one in Membership.objects.all()] == ["owner"]
