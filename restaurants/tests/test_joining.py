"""From the application to the day a restaurant goes live."""

import pytest
from django.urls import reverse

from customers.tests.factories import PASSWORD, UserFactory
from restaurants.exceptions import (
    ChecksMissingError,
    TooManyError,
    WrongStatusError,
)
from restaurants.models import (
    Application,
    Membership,
    Restaurant,
)
from restaurants.services.joining import (
    MOST_PENDING,
    ApplicationFields,
    apply_again,
    apply_as_restaurant,
    approve_restaurant,
    list_steps,
    record_checks,
    refuse_restaurant,
    reinstate_restaurant,
    suspend_restaurant,
)
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = pytest.mark.django_db
Status = Restaurant.Status
APPLY = "/join/"
FORM = {
    "name": "Da Ugo",
    "legal_name": "Ugo Ltd",
    "registration": "HX 12",
    "phone": "+14155550188",
    "email": "ugo@example.com",
    "street_address": "2100 Mission Street",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "US",
    "latitude": "37.762900",
    "longitude": "-122.419400",
    "currency": "",
    "message": "Pizza.",
}


def fields(**changes):
    values = {**FORM, "currency": "USD", **changes}
    return ApplicationFields(
        **{**values, "latitude": 37.7629, "longitude": -122.4194, **changes}
    )


def apply(user=None, **changes):
    return apply_as_restaurant(
        applicant=user or UserFactory(), fields=fields(**changes)
    )


def tick(restaurant):
    record_checks(restaurant_pk=restaurant.pk, checks=Application.Check.values)


@pytest.fixture
def operator():
    return UserFactory(is_staff=True, is_superuser=True)


def test_an_application_makes_a_restaurant_that_waits(client):
    user = UserFactory()
    client.force_login(user)

    answer = client.post(APPLY, FORM)

    assert answer.url == reverse("joining:status")
    restaurant = Restaurant.objects.get()
    assert (restaurant.status, restaurant.currency) == (Status.PENDING, "USD")
    assert restaurant.time_zone == "America/Los_Angeles"
    assert restaurant.application.legal_name == "Ugo Ltd"
    assert Membership.objects.get().user == user
    assert "Waiting for us" in client.get(answer.url).content.decode()


def test_the_page_is_everybodys_and_linked_from_every_page(client):
    assert client.get(APPLY).status_code == 200
    assert APPLY in client.get("/").content.decode()


def test_nothing_typed_is_lost_over_signing_up(client):
    answer = client.post(APPLY, FORM)
    assert "/sign-up/" in answer.url
    assert not Restaurant.objects.exists()

    person = {"email": "ugo@example.com", "name": "Ugo", "password": PASSWORD}
    back = client.post(answer.url, {**person, "next": APPLY})
    page = client.get(back.url)

    assert back.url == APPLY
    for value in ("Da Ugo", "Ugo Ltd", "HX 12", "2100 Mission Street", "Pizza."):
        assert value in page.content.decode()
    client.post(APPLY, FORM)
    assert Restaurant.objects.get().name == "Da Ugo"
    assert "HX 12" not in client.get(APPLY).content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "  "},
        {"name": "???"},
        {"phone": "12"},
        {"email": "no"},
        {"country": "XX"},
        {"currency": "DOLLAR"},
        {"latitude": "95"},
        {"latitude": "0", "longitude": "0"},
        {"longitude": "north"},
        {"legal_name": ""},
        {"message": "x" * 2001},
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_nothing_is_saved(client, changes):
    client.force_login(UserFactory())

    answer = client.post(APPLY, {**FORM, **changes})

    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    assert not Restaurant.objects.exists()


def test_a_geocoder_that_is_down_is_said(client, settings):
    settings.GEOCODER_URL = "http://127.0.0.1:9"
    client.force_login(UserFactory())

    answer = client.post(APPLY, {**FORM, "latitude": "", "longitude": ""})

    assert answer.status_code == 200
    assert "not answering" in answer.content.decode()


def test_the_currency_is_guessed_from_the_country(client):
    client.force_login(UserFactory())

    place = {"country": "JP", "latitude": "35.68", "longitude": "139.69"}
    client.post(APPLY, {**FORM, **place})

    assert Restaurant.objects.get().currency == "JPY"
    assert Restaurant.objects.get().time_zone == "Asia/Tokyo"


def test_the_same_name_is_not_applied_with_twice():
    user = UserFactory()
    apply(user)

    with pytest.raises(TooManyError):
        apply(user, name="DA UGO")
    apply(UserFactory())


def test_one_person_has_five_applications_waiting_at_most():
    user = UserFactory()
    for number in range(MOST_PENDING):
        apply(user, name=f"Da Ugo {number}")

    with pytest.raises(TooManyError):
        apply(user, name="One more")


def test_an_applicant_who_signs_in_early_is_told_where_it_stands(client):
    restaurant = apply(UserFactory())
    user = restaurant.memberships.get().user

    said = client.post(
        reverse("owner:login"), {"username": user.email, "password": PASSWORD}
    ).content.decode()

    assert "The portal opens once your restaurant is approved." in said
    assert 'href="/join/status/"' in said
    client.force_login(user)
    answer = client.get("/owner/", follow=True)
    assert answer.redirect_chain[-1][0] == "/join/status/"


def test_approval_needs_every_point_of_the_checklist(operator):
    restaurant = apply()
    record_checks(restaurant_pk=restaurant.pk, checks=["identity", "contact"])

    with pytest.raises(ChecksMissingError) as caught:
        approve_restaurant(restaurant_pk=restaurant.pk, operator=operator)

    assert "Food is made at this address" in str(caught.value)
    assert "answers the phone" not in str(caught.value)
    tick(restaurant)
    approve_restaurant(restaurant_pk=restaurant.pk, operator=operator)
    restaurant.refresh_from_db()
    assert restaurant.status == Status.SETTING_UP
    assert restaurant.application.decided_by == operator


def test_a_refused_application_is_changed_and_sent_again(client, operator):
    user = UserFactory()
    restaurant = apply(user)
    tick(restaurant)
    refuse_restaurant(
        restaurant_pk=restaurant.pk, operator=operator, reason="No such number."
    )
    client.force_login(user)
    status = client.get(reverse("joining:status")).content.decode()
    again = reverse("joining:apply-again", args=[restaurant.public_id])
    assert "No such number." in status
    assert again in status
    assert "HX 12" in client.get(again).content.decode()

    client.post(again, {**FORM, "registration": "HX 13"})

    restaurant = Restaurant.objects.get()
    assert restaurant.status == Status.PENDING
    assert restaurant.application.registration == "HX 13"
    assert restaurant.application.checks == []
    assert restaurant.application.decided_at is None


def test_only_the_applicant_applies_again(operator):
    restaurant = apply()
    refuse_restaurant(restaurant_pk=restaurant.pk, operator=operator, reason="No.")

    with pytest.raises(Application.DoesNotExist):
        apply_again(
            restaurant_pk=restaurant.pk, applicant=UserFactory(), fields=fields()
        )


@pytest.mark.parametrize("status", ["pending", "refused"])
def test_what_was_never_approved_cannot_get_in_through_a_suspension(status):
    restaurant = RestaurantFactory(status=status)

    with pytest.raises(WrongStatusError):
        suspend_restaurant(restaurant_pk=restaurant.pk)


def test_a_restaurant_that_was_setting_up_goes_on_after_a_suspension(operator):
    restaurant = apply()
    tick(restaurant)
    approve_restaurant(restaurant_pk=restaurant.pk, operator=operator)
    suspend_restaurant(restaurant_pk=restaurant.pk)

    reinstate_restaurant(restaurant_pk=restaurant.pk)

    assert Restaurant.objects.get().status == Status.SETTING_UP


def test_the_portal_starts_with_the_first_steps(client):
    owner = MembershipFactory(restaurant__status="setting_up")
    client.force_login(owner.user)
    steps = reverse("owner:first-steps", args=[owner.restaurant_id])

    assert client.get(reverse("owner:index")).url == steps
    page = client.get(steps).content.decode()
    assert "Before you can go live" in page
    assert 'aria-disabled="true"' in page
    Restaurant.objects.update(status="live")
    assert client.get(reverse("owner:index")).url != steps


def test_every_step_leads_somewhere(client):
    owner = MembershipFactory(restaurant__status="setting_up")
    client.force_login(owner.user)

    for step, _is_done in list_steps(owner.restaurant):
        if not step.is_posted:
            answer = client.get(step.url_for(owner.restaurant), follow=True)
            assert answer.status_code == 200, step.code


def test_going_live_too_early_is_answered_with_what_lacks(client):
    owner = MembershipFactory(restaurant__status="setting_up")
    client.force_login(owner.user)
    page = reverse("owner:go-live", args=[owner.restaurant_id])
    assert client.get(page).status_code == 200

    answer = client.post(page, follow=True)

    assert "Still to do before you can go live" in answer.content.decode()
    assert Restaurant.objects.get().status == Status.SETTING_UP


def test_an_operator_ticks_the_list_and_approves(client, operator):
    restaurant = apply()
    RestaurantFactory(phone=FORM["phone"], name="Da Mario")
    page = reverse(
        "admin:restaurants_application_change", args=[restaurant.application.pk]
    )
    client.force_login(operator)
    shown = client.get(page).content.decode()
    assert "The same phone number as “Da Mario”." in shown

    early = client.post(page, {"checks": ["identity"], "_approve": "1"}, follow=True)
    assert "Not checked yet" in early.content.decode()
    client.post(page, {"checks": Application.Check.values, "_approve": "1"})

    assert Restaurant.objects.get(name="Da Ugo").status == Status.SETTING_UP
    again = client.post(page, {"checks": [], "_save": "1"})
    assert again.status_code == 403
    assert len(Application.objects.get().checks) == len(Application.Check)


def test_an_operator_refuses_with_a_reason(client, operator):
    application = apply().application
    page = reverse("admin:restaurants_application_change", args=[application.pk])
    refuse = reverse("admin:restaurants_application_refuse", args=[application.pk])
    client.force_login(operator)

    assert client.post(page, {"checks": [], "_refuse": "1"}).url == refuse
    client.post(refuse, {"reason": ""})
    assert Restaurant.objects.get().status == Status.PENDING
    client.post(refuse, {"reason": "Nobody answers."})

    application.refresh_from_db()
    assert application.refusal == "Nobody answers."
    assert Restaurant.objects.get().status == Status.REFUSED
    assert client.get(refuse).status_code == 403


def test_applications_that_wait_come_first(client, operator):
    first, second = apply(name="Abba"), apply(name="Zorba")
    refuse_restaurant(restaurant_pk=first.pk, operator=operator, reason="No.")
    client.force_login(operator)

    page = client.get(reverse("admin:restaurants_application_changelist"))
    text = page.content.decode()

    assert text.index(second.name) < text.index(first.name)
