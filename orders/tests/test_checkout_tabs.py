"""The checkout in two tabs, and after signing in or out: what is kept, and for whom."""

from dataclasses import asdict

import pytest
from django.test import Client
from django.urls import reverse

from customers.places import SESSION_KEY as PLACE_KEY
from customers.tests.factories import PASSWORD
from orders.models import Cart, Order
from orders.tests.factories import MISSION, filled_in

pytestmark = [pytest.mark.django_db]
CHECKOUT = "/checkout/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def visitor(client, margherita) -> Client:
    """Return somebody signed out, with a place and a margherita in the cart."""
    session = client.session
    session[PLACE_KEY] = asdict(MISSION)
    session.save()
    add = reverse("orders:cart-add", args=[margherita.public_id])
    client.post(add, {"quantity": "1"})
    return client


def _sign_in(browser, user, **data):
    url = reverse("customers:sign-in")
    browser.post(url, {"username": user.email, "password": PASSWORD, **data})


def test_who_was_signed_out_signs_in_and_finds_everything_typed(diner, ada):
    page = diner.get(CHECKOUT)
    diner.cookies.pop("sessionid")

    wish = filled_in(page, kitchen_note="No basil", phone="+14155550177")
    lost = diner.post(CHECKOUT, wish)
    signed_in = diner.post(
        f"{reverse('customers:sign-in')}?next={CHECKOUT}",
        {"username": ada.email, "password": PASSWORD, "next": CHECKOUT},
    )
    back = diner.get(CHECKOUT)

    assert lost.status_code == 409
    assert "You were signed out" in lost.text
    assert f"{reverse('customers:sign-in')}?next={CHECKOUT}" in lost.text
    assert signed_in.url == CHECKOUT
    assert 'value="No basil"' in back.text
    assert 'value="+14155550177"' in back.text
    assert back.context["quote"].lines[0].quantity == 1


def test_who_was_signed_out_in_the_midst_of_an_update_is_led_to_the_words(diner):
    page = diner.get(CHECKOUT)
    diner.cookies.pop("sessionid")

    answer = diner.post(CHECKOUT, filled_in(page, action="update"), headers=HTMX)

    assert "You were signed out" in diner.get(answer["HX-Redirect"]).text


def test_what_somebody_else_typed_is_not_shown_to_who_signs_in(visitor, ada):
    page = visitor.get(CHECKOUT)
    typed = {"who": "guest", "email": "gus@example.com", "name": "Gus Guest"}
    visitor.post(CHECKOUT, filled_in(page, action="cart", **typed))
    own = visitor.get(CHECKOUT).text

    _sign_in(visitor, ada)

    assert 'value="Gus Guest"' in own
    assert "Gus Guest" not in visitor.get(CHECKOUT).text


def test_who_signs_in_from_the_page_finds_what_was_typed(visitor, ada):
    wish = filled_in(visitor.get(CHECKOUT), who="guest", kitchen_note="No basil")
    visitor.post(CHECKOUT, {**wish, "action": "sign-in"})

    _sign_in(visitor, ada)

    assert 'value="No basil"' in visitor.get(CHECKOUT).text


def test_a_sign_in_in_another_tab_places_nothing_and_loses_nothing_typed(
    ada, margherita
):
    browser = Client(enforce_csrf_checks=True)
    session = browser.session
    session[PLACE_KEY] = asdict(MISSION)
    session.save()

    def token(page):
        return {"csrfmiddlewaretoken": str(page.context["csrf_token"])}

    dish = browser.get(reverse("menus:item-detail", args=[margherita.public_id]))
    add = reverse("orders:cart-add", args=[margherita.public_id])
    browser.post(add, {"quantity": "1", **token(dish)})
    page = browser.get(CHECKOUT)
    typed = {"who": "guest", "email": "gus@example.com", "kitchen_note": "No basil"}
    wish = filled_in(page, **typed) | token(page)
    _sign_in(browser, ada, **token(page))

    answer = browser.post(CHECKOUT, wish)
    back = browser.get(CHECKOUT)
    by_htmx = browser.post(CHECKOUT, {**wish, "action": "update"}, headers=HTMX)
    elsewhere = browser.post(add, {"quantity": "1", **token(page)}, headers=HTMX)

    assert answer.url == CHECKOUT
    assert not Order.objects.exists()
    assert "everything you typed is still here" in back.text
    assert 'value="No basil"' in back.text
    assert by_htmx["HX-Refresh"] == elsewhere["HX-Refresh"] == "true"
    assert Cart.objects.get(user=ada).lines.get().quantity == 1


def test_a_form_that_was_open_too_long_is_answered_with_a_way_back(db, margherita):
    browser = Client(enforce_csrf_checks=True)
    url = margherita.restaurant.get_absolute_url()

    answer = browser.post(
        reverse("orders:cart-add", args=[margherita.public_id]),
        {"quantity": "1"},
        headers={"Referer": f"http://testserver{url}"},
    )

    assert answer.status_code == 403
    assert f'href="http://testserver{url}"' in answer.text
    assert "sessionid" not in answer.cookies
    assert not Cart.objects.exists()


def test_a_script_is_sent_to_the_cart_that_is_empty_now(diner, ada):
    wish = filled_in(diner.get(CHECKOUT), action="update")
    Cart.objects.get(user=ada).lines.all().delete()

    answer = diner.post(CHECKOUT, wish, headers=HTMX)

    assert answer["HX-Redirect"] == reverse("orders:cart-detail")
