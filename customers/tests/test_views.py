import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from customers.models import Address, User
from customers.places import SESSION_KEY
from customers.tests.factories import AddressFactory, UserFactory

pytestmark = pytest.mark.django_db

BERLIN = {"latitude": "52.5244", "longitude": "13.4105", "label": "Berlin, Germany"}
NEW_USER = {
    "email": "grace@example.com",
    "name": "Grace",
    "phone": "415 555 0123",
    "password": "correct-horse-battery",
    "time_zone": "Europe/Berlin",
}
WORK = {"label": "Work", "street_address": "1 Market Street", "postal_code": "94105"}


@pytest.fixture
def customer(client: Client) -> User:
    user = UserFactory.create()
    client.force_login(user)
    return user


@pytest.mark.parametrize(
    "name", ["sign-up", "sign-in", "password-reset", "password-reset-sent"]
)
def test_the_unsigned_see_the_pages_for_them(client: Client, name: str) -> None:
    assert client.get(reverse(f"customers:{name}")).status_code == 200


@pytest.mark.parametrize(
    "name", ["profile", "password-change", "address-list", "address-add"]
)
def test_pages_of_the_signed_in_open_for_them_alone(client: Client, name: str) -> None:
    url = reverse(f"customers:{name}")

    unsigned = client.get(url)
    client.force_login(UserFactory.create())
    signed = client.get(url)

    assert unsigned["Location"] == f"{reverse('customers:sign-in')}?next={url}"
    assert signed.status_code == 200


@pytest.mark.parametrize("name", ["address-edit", "address-delete", "address-choose"])
def test_an_address_does_not_exist_for_the_unsigned_and_strangers(
    client: Client, name: str
) -> None:
    address = AddressFactory.create()
    url = reverse(f"customers:{name}", args=[address.pk])

    unsigned = client.post(url)
    client.force_login(UserFactory.create())
    stranger = client.post(url)

    assert unsigned["Location"] == f"{reverse('customers:sign-in')}?next={url}"
    assert stranger.status_code == 404
    assert Address.objects.get() == address


def test_signing_up_signs_in_and_keeps_the_place(client: Client) -> None:
    client.post(reverse("customers:place-choose"), {**BERLIN, "next": "/"})

    response = client.post(reverse("customers:sign-up"), {**NEW_USER, "next": "/"})

    user = User.objects.get()
    assert response["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.session[SESSION_KEY]["label"] == "Berlin, Germany"
    assert (user.time_zone, str(user.phone)) == ("Europe/Berlin", "+14155550123")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "ADA@example.com"),
        ("password", "12345678"),
        ("password", "grace@example.com"),
        ("phone", "12"),
        ("name", ""),
    ],
)
def test_a_wrong_field_opens_no_account(client: Client, field: str, value: str) -> None:
    UserFactory.create(email="ada@example.com")

    response = client.post(reverse("customers:sign-up"), {**NEW_USER, field: value})

    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert User.objects.count() == 1


def test_an_unknown_time_zone_does_not_stop_a_sign_up(client: Client) -> None:
    client.post(
        reverse("customers:sign-up"),
        {**NEW_USER, "time_zone": "Moon/Crater", "next": "/"},
    )

    assert User.objects.get().time_zone == "UTC"


@pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example"])
def test_signing_up_never_leads_off_the_site(client: Client, next_url: str) -> None:
    response = client.post(reverse("customers:sign-up"), {**NEW_USER, "next": next_url})

    assert response["Location"] == reverse("restaurants:restaurant-list")


def test_signing_in_ignores_case_and_keeps_place_and_other_keys(
    client: Client,
) -> None:
    UserFactory.create(email="ada@example.com")
    client.post(reverse("customers:place-choose"), {**BERLIN, "next": "/"})
    session = client.session
    session["of_another_app"] = "kept"
    session.save()

    response = client.post(
        reverse("customers:sign-in"),
        {
            "username": "Ada@Example.com",
            "password": "correct-horse-battery",
            "next": "/",
        },
    )

    assert response["Location"] == "/"
    assert client.session[SESSION_KEY]["label"] == "Berlin, Germany"
    assert client.session["of_another_app"] == "kept"


def test_a_wrong_password_does_not_sign_in(client: Client) -> None:
    user = UserFactory.create()

    response = client.post(
        reverse("customers:sign-in"), {"username": user.email, "password": "wrong"}
    )

    assert "do not belong together" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_signing_out_forgets_the_place(client: Client, customer: User) -> None:
    client.post(reverse("customers:place-choose"), {**BERLIN, "next": "/"})

    client.post(reverse("customers:sign-out"))

    assert SESSION_KEY not in client.session
    assert "_auth_user_id" not in client.session


def test_a_password_is_reset_by_the_link_in_the_mail(client: Client) -> None:
    user = UserFactory.create(email="ada@example.com")

    client.post(reverse("customers:password-reset"), {"email": "ADA@example.com"})
    [letter] = mail.outbox
    link = re.search(r"https?://[^/]+(/\S+)", str(letter.body))
    assert link is not None
    form = client.get(link[1])
    client.post(
        form["Location"],
        {
            "new_password1": "better-horse-staple",
            "new_password2": "better-horse-staple",
        },
    )

    user.refresh_from_db()
    assert user.check_password("better-horse-staple")
    assert letter.to == ["ada@example.com"]


def test_an_unknown_email_gets_the_same_answer_and_no_mail(client: Client) -> None:
    response = client.post(
        reverse("customers:password-reset"), {"email": "nobody@example.com"}
    )

    assert response["Location"] == reverse("customers:password-reset-sent")
    assert mail.outbox == []


def test_a_used_link_says_so(client: Client) -> None:
    url = reverse("customers:password-reset-confirm", args=["MQ", "set-password"])

    assert "already used" in client.get(url).content.decode()


def test_changing_the_password_keeps_the_session(
    client: Client, customer: User
) -> None:
    client.post(
        reverse("customers:password-change"),
        {
            "old_password": "correct-horse-battery",
            "new_password1": "better-horse-staple",
            "new_password2": "better-horse-staple",
        },
    )

    assert client.get(reverse("customers:profile")).status_code == 200
    customer.refresh_from_db()
    assert customer.check_password("better-horse-staple")


def test_the_profile_is_saved(client: Client, customer: User) -> None:
    client.post(
        reverse("customers:profile"),
        {"name": "Grace", "phone": "", "time_zone": "Asia/Tokyo", "locale": "en"},
    )

    customer.refresh_from_db()
    assert (customer.name, str(customer.phone), customer.time_zone) == (
        "Grace",
        "",
        "Asia/Tokyo",
    )


def test_the_address_list_asks_as_much_for_twenty_as_for_one(
    client: Client,
    customer: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    url = reverse("customers:address-list")
    AddressFactory.create(user=customer)
    client.get(url)
    AddressFactory.create_batch(19, user=customer, is_chosen=False)

    # Session, user, addresses; the header asks for unread news, place and cart.
    with django_assert_max_num_queries(6):
        client.get(url)


def test_an_address_without_coordinates_is_looked_up(
    client: Client, customer: User
) -> None:
    response = client.post(reverse("customers:address-add"), WORK, follow=True)

    address = Address.objects.get()
    assert (round(float(address.latitude), 1), round(float(address.longitude), 1)) == (
        37.8,
        -122.4,
    )
    assert (address.country, address.locality, address.is_chosen) == (
        "US",
        "San Francisco",
        True,
    )
    assert "94105 San Francisco, CA" in response.content.decode()


def test_given_coordinates_are_kept_as_they_are(client: Client, customer: User) -> None:
    client.post(
        reverse("customers:address-add"),
        {**WORK, "latitude": "37.793700", "longitude": "-122.396500", "next": "/"},
    )

    address = Address.objects.get()
    assert (str(address.latitude), str(address.longitude)) == (
        "37.793700",
        "-122.396500",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"latitude": "91", "longitude": "0"},
        {"latitude": "NaN", "longitude": "0"},
        {"street_address": ""},
        {"street_address": "Qqzzx", "postal_code": ""},
    ],
)
def test_an_impossible_address_is_not_kept(
    client: Client, customer: User, change: dict[str, str]
) -> None:
    response = client.post(reverse("customers:address-add"), {**WORK, **change})

    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Address.objects.exists()


def test_a_geocoder_that_is_away_asks_for_the_map(
    client: Client, customer: User, settings: Settings
) -> None:
    settings.GEOCODER_URL = "http://127.0.0.1:1"

    response = client.post(reverse("customers:address-add"), WORK)

    assert "Pick the point on the map" in response.content.decode()
    assert not Address.objects.exists()


def test_an_address_is_edited_chosen_and_deleted(
    client: Client, customer: User
) -> None:
    AddressFactory.create(user=customer)
    work = AddressFactory.create(user=customer, is_chosen=False)
    edit = reverse("customers:address-edit", args=[work.pk])
    assert client.get(edit).status_code == 200

    client.post(edit, {**WORK, "latitude": "1", "longitude": "2"})
    client.post(reverse("customers:address-choose", args=[work.pk]))

    work.refresh_from_db()
    assert (work.label, work.is_chosen) == ("Work", True)

    delete = reverse("customers:address-delete", args=[work.pk])
    assert client.get(delete).status_code == 200
    client.post(delete)

    assert Address.objects.get().is_chosen


def test_the_way_back_to_the_checkout_is_kept_among_the_addresses(
    client: Client, customer: User
) -> None:
    address = AddressFactory.create(user=customer)
    query = "?next=/checkout/"
    list_url = f"{reverse('customers:address-list')}?next=%2Fcheckout%2F"
    edit = reverse("customers:address-edit", args=[address.pk]) + query
    delete = reverse("customers:address-delete", args=[address.pk]) + query

    listed = client.get(reverse("customers:address-list") + query).content.decode()
    pages = [client.get(url).content.decode() for url in (edit, delete)]
    added = client.get(reverse("customers:address-add") + query).content.decode()
    saved = client.post(edit, {**WORK, "latitude": "1", "longitude": "2"})
    deleted = client.post(delete, {"next": "/checkout/"})

    assert f'href="{edit}"' in listed
    assert f'href="{delete}"' in listed
    assert all(f'href="{list_url}"' in page for page in pages)
    assert 'href="/checkout/">Cancel' in added
    assert [saved["Location"], deleted["Location"]] == [list_url, list_url]


def test_no_address_page_leads_off_the_site(client: Client, customer: User) -> None:
    address = AddressFactory.create(user=customer)

    for name in ("address-list", "address-add", "address-edit", "address-delete"):
        own = [address.pk] if name in ("address-edit", "address-delete") else []
        url = reverse(f"customers:{name}", args=own)
        page = client.get(url, {"next": "javascript:alert(1)"}).content.decode()
        assert "javascript:" not in re.sub(r"next=\S*", "", page)


def test_choosing_an_address_ends_the_place_of_this_visit(
    client: Client, customer: User
) -> None:
    address = AddressFactory.create(user=customer)
    client.post(reverse("customers:place-choose"), {**BERLIN, "next": "/"})

    client.post(reverse("customers:address-choose", args=[address.pk]), {"next": "/"})

    assert SESSION_KEY not in client.session


def test_a_place_is_found_and_chosen_without_a_script(client: Client) -> None:
    url = reverse("customers:place-choose")

    page = client.get(url, {"q": "Berlin"}).content.decode()
    response = client.post(url, {**BERLIN, "next": "/restaurants/"})

    assert 'value="Berlin, Germany"' in page
    assert response["Location"] == "/restaurants/"
    assert client.session[SESSION_KEY]["latitude"] == 52.5244


def test_a_bare_point_gets_a_name(client: Client) -> None:
    client.post(
        reverse("customers:place-choose"),
        {"latitude": "37.7599", "longitude": "-122.4148", "next": "/"},
    )

    assert client.session[SESSION_KEY]["label"].startswith("Near Mission")


@pytest.mark.parametrize("latitude", ["", "91", "nan", "inf", "x"])
def test_a_point_off_the_earth_is_refused(client: Client, latitude: str) -> None:
    response = client.post(
        reverse("customers:place-choose"), {"latitude": latitude, "longitude": "0"}
    )

    assert response.status_code == 400
    assert SESSION_KEY not in client.session


def test_suggestions_come_as_json(client: Client) -> None:
    answer = client.get(reverse("customers:place-suggestions"), {"q": "94110"}).json()

    assert [place["label"] for place in answer["places"]] == ["94110 San Francisco, CA"]


def test_names_around_a_point_come_as_json(client: Client) -> None:
    url = reverse("customers:place-around")

    answer = client.get(url, {"latitude": "37.7599", "longitude": "-122.4148"})

    assert len(answer.json()["places"]) == 30
    assert client.get(url, {"latitude": "x"}).status_code == 400


def test_a_geocoder_that_is_away_is_said_and_nothing_breaks(
    client: Client, settings: Settings
) -> None:
    settings.GEOCODER_URL = "http://127.0.0.1:1"
    point = {"latitude": "1", "longitude": "2", "next": "/"}

    suggestions = client.get(reverse("customers:place-suggestions"), {"q": "Berlin"})
    around = client.get(reverse("customers:place-around"), point)
    page = client.get(reverse("customers:place-choose"), {"q": "Berlin"})
    client.post(reverse("customers:place-choose"), point)

    assert (suggestions.status_code, around.status_code) == (503, 503)
    assert "not answering" in page.content.decode()
    assert client.session[SESSION_KEY]["label"] == "1.0000, 2.0000"


def test_an_address_that_moves_to_another_town_takes_its_pin_along(
    client: Client, customer: User
) -> None:
    address = AddressFactory.create(user=customer)
    form = {
        "street_address": "1 High Street",
        "locality": "Berlin",
        "country": "DE",
        "latitude": "37.762900",
        "longitude": "-122.419400",
    }

    client.post(reverse("customers:address-edit", args=[address.pk]), form)

    address.refresh_from_db()
    assert (round(address.latitude), round(address.longitude)) == (53, 13)


def test_another_street_leaves_the_pin_where_it_was_put(
    client: Client, customer: User
) -> None:
    address = AddressFactory.create(user=customer)
    form = {
        "street_address": "1 Market Street",
        "locality": address.locality,
        "postal_code": address.postal_code,
        "country": address.country,
        "latitude": "37.762900",
        "longitude": "-122.419400",
    }

    client.post(reverse("customers:address-edit", args=[address.pk]), form)

    before = (address.latitude, address.longitude)
    address.refresh_from_db()
    assert address.street_address == "1 Market Street"
    assert (address.latitude, address.longitude) == before


def test_a_time_zone_of_an_old_name_is_kept(client: Client, customer: User) -> None:
    User.objects.filter(pk=customer.pk).update(time_zone="US/Pacific")
    form = {"name": "Grace", "phone": "", "time_zone": "US/Pacific", "locale": "en"}

    client.post(reverse("customers:profile"), form)

    customer.refresh_from_db()
    assert (customer.name, customer.time_zone) == ("Grace", "US/Pacific")


def test_the_profile_leads_to_all_there_is(client: Client, customer: User) -> None:
    page = client.get(reverse("customers:profile")).content.decode()

    for name in (
        *("customers:email-change", "customers:address-list", "customers:security"),
        *("notifications:preferences", "account-data", "account-delete"),
    ):
        assert f'href="{reverse(name)}"' in page
