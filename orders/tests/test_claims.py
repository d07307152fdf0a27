"""What was missing or wrong: reported, answered, given back, counted."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from notifications.models import Event
from notifications.rendering import render_words
from orders.exceptions import AlreadyMovedError, ClaimError
from orders.models import Claim, Order, OrderLine
from orders.pricing import PricedLine, propose_refund
from orders.services import Wrong, answer_claim, report_claim
from orders.tests.factories import OrderFactory
from restaurants.models import Membership
from restaurants.tests.factories import MembershipFactory, RestaurantFactory

pytestmark = [pytest.mark.django_db]
Role = Membership.Role


@pytest.fixture
def trattoria():
    return RestaurantFactory.create(name="Trattoria Uno")


@pytest.fixture
def owner(trattoria):
    return MembershipFactory.create(restaurant=trattoria, user__name="Olga").user


@pytest.fixture
def order(trattoria, ada):
    return eaten(trattoria, ada)


def eaten(restaurant, customer, **changes):
    """Return a delivered order: two lasagne at 10.00 and a water at 2.50."""
    now = timezone.now()
    order = OrderFactory(
        **{
            "restaurant": restaurant,
            "customer": customer,
            "status": "delivered",
            "payment_status": "captured",
            "subtotal": Decimal("22.50"),
            "tax": Decimal("1.85"),
            "tip": Decimal("2.00"),
            "placed_at": now - timedelta(hours=2),
            "ended_at": now - timedelta(hours=1),
            **changes,
        }
    )
    for name, quantity, price in (("Lasagne", 2, "10.00"), ("Water", 1, "2.50")):
        OrderLine.objects.create(
            order=order,
            name=name,
            quantity=quantity,
            unit_price=Decimal(price),
            amount=Decimal(price) * quantity,
            tax_rate=Decimal("8.25"),
        )
    return order


def line_of(order, name="Lasagne"):
    return order.lines.get(name=name)


def wrong(order, quantity=1, kind="missing", name="Lasagne"):
    return [Wrong(line_of(order, name).pk, quantity, kind)]


def claim_of(order, **how):
    return report_claim(
        order_pk=order.pk, customer=order.customer, wrong=wrong(order, **how)
    )


@pytest.mark.parametrize(
    ("included", "currency", "most", "refund"),
    [
        # 12.50 and 8.25 per cent of it, 1.03125, rounded once.
        (False, "USD", "99", "13.53"),
        (True, "USD", "99", "12.50"),
        (False, "USD", "13", "13"),
        (False, "JPY", "99", "14"),
    ],
)
def test_the_proposed_refund_is_what_it_cost(included, currency, most, refund):
    rate = Decimal("8.25")
    lines = [
        PricedLine(Decimal("10.00"), 1, rate),
        PricedLine(Decimal("2.50"), 1, rate),
    ]

    proposed = propose_refund(
        lines, currency=currency, prices_include_tax=included, most=Decimal(most)
    )

    assert proposed == Decimal(refund)


def test_a_claim_asks_for_its_lines_and_tells_the_restaurant(order, owner):
    claim = claim_of(order, quantity=2)

    told = Event.objects.get(topic="claim_made")
    # 20.00 and the tax on it.
    assert claim.proposed_refund == Decimal("21.65")
    assert told.chunks.get().recipient_ids == [owner.pk]
    assert told.context["proposed"] == "21.65"
    assert told.context["url"].endswith(f"/r/{order.restaurant_id}/claims/")


def test_a_claim_never_asks_for_more_than_was_paid_and_is_left(trattoria, ada):
    order = eaten(trattoria, ada, refunded=Decimal("20.00"))

    assert claim_of(order, quantity=2).proposed_refund == order.total - 20


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "out_for_delivery", "ended_at": None},
        {"status": "cancelled"},
        {"is_test": True},
        {"ended_at": timezone.now() - timedelta(days=8)},
    ],
)
def test_what_has_not_come_or_is_long_ago_is_not_claimed(trattoria, ada, changes):
    order = eaten(trattoria, ada, **changes)

    with pytest.raises(ClaimError):
        claim_of(order)


@pytest.mark.parametrize("bad", [{"quantity": 3}, {"quantity": 0}, {"kind": "cold"}])
def test_a_claim_names_what_was_ordered(order, bad):
    with pytest.raises(ClaimError):
        claim_of(order, **bad)
    with pytest.raises(ClaimError):
        report_claim(order_pk=order.pk, customer=order.customer, wrong=[])
    with pytest.raises(ClaimError):
        report_claim(order_pk=order.pk, customer=order.customer, wrong=wrong(order) * 2)
    assert not Claim.objects.exists()


def test_what_cost_nothing_is_not_claimed(client, order):
    water = order.lines.get(name="Water")
    OrderLine.objects.filter(pk=water.pk).update(unit_price=0, amount=0)
    wrong = [Wrong(water.pk, 1, "missing")]

    with pytest.raises(ClaimError) as refusal:
        report_claim(order_pk=order.pk, customer=order.customer, wrong=wrong)

    assert refusal.value.code == "nothing_to_give_back"
    assert not Claim.objects.exists()
    client.force_login(order.customer)
    url = reverse("orders:order-claim", args=[order.public_id])
    for act in ("look", "send"):
        fields = {f"quantity-{water.pk}": "1", f"kind-{water.pk}": "missing"}
        page = client.post(url, {**fields, "act": act})
        assert page.status_code == 422
        assert "cost nothing" in page.text


def test_an_order_is_claimed_once_and_by_its_customer_alone(order):
    claim_of(order)

    with pytest.raises(ClaimError):
        claim_of(order)
    with pytest.raises(Order.DoesNotExist):
        report_claim(order_pk=order.pk, customer=UserFactory(), wrong=wrong(order))


def test_money_given_back_is_on_the_order_and_told(order, owner):
    claim = claim_of(order)

    answer_claim(claim_pk=claim.pk, user=owner, refund=Decimal("5.00"), text=" Sorry. ")

    claim.refresh_from_db()
    order.refresh_from_db()
    assert (claim.status, claim.refund, claim.answer) == ("granted", 5, "Sorry.")
    assert (order.refunded, order.payment_status) == (5, "partially_refunded")
    told = Event.objects.get(topic="claim_answered")
    assert told.chunks.get().recipient_ids == [order.customer_id]
    assert (told.context["refund"], told.context["text"]) == ("5.00", "Sorry.")


def words_of(topic):
    context = Event.objects.get(topic=topic).context
    return render_words(topic, context, locale="en", time_zone="UTC")


def test_claims_and_answers_are_put_into_words(order, owner):
    claim = claim_of(order)
    answer_claim(claim_pk=claim.pk, user=owner, refund=Decimal(5), text="Sorry.")

    assert words_of("claim_made") == (
        f"Ada Diner reports a problem with order {order.number}",
        "They ask for $10.83 back. Please answer within two days.",
    )
    title, body = words_of("claim_answered")
    assert title == "Trattoria Uno gives you money back"
    assert body.startswith(f"$5.00 for order {order.number}. You paid in cash, so")
    assert body.endswith("“Sorry.”")


def test_a_refusal_is_put_into_words(order, owner):
    claim = claim_of(order)
    answer_claim(claim_pk=claim.pk, user=owner, refund=None, text="It was there.")

    title, body = words_of("claim_answered")

    assert title == f"Trattoria Uno answered about order {order.number}"
    assert body == f"There is no refund for order {order.number}. “It was there.”"


def test_an_order_given_back_in_full_is_refunded(trattoria, ada, owner):
    order = eaten(
        trattoria, ada, refunded=Decimal("20.00"), payment_status="partially_refunded"
    )
    claim = claim_of(order, quantity=2)

    answer_claim(claim_pk=claim.pk, user=owner, refund=claim.proposed_refund)

    order.refresh_from_db()
    assert (order.refunded, order.payment_status) == (order.total, "refunded")


def test_a_refusal_says_why_and_gives_nothing(order, owner):
    claim = claim_of(order)

    with pytest.raises(ClaimError):
        answer_claim(claim_pk=claim.pk, user=owner, refund=None, text="  ")
    answer_claim(claim_pk=claim.pk, user=owner, refund=None, text="It was there.")

    order.refresh_from_db()
    claim.refresh_from_db()
    assert (claim.status, claim.refund, order.refunded) == ("refused", 0, 0)
    assert order.payment_status == "captured"


@pytest.mark.parametrize("refund", ["0", "-1", "99", "1.005"])
def test_no_more_than_asked_for_and_no_smaller_coin_is_given(order, owner, refund):
    claim = claim_of(order)

    with pytest.raises(ClaimError):
        answer_claim(claim_pk=claim.pk, user=owner, refund=Decimal(refund))
    order.refresh_from_db()
    assert order.refunded == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_wins_and_the_other_is_told(order, owner):
    claim = claim_of(order)
    said = []
    start = threading.Barrier(2)

    def give_back():
        try:
            start.wait(timeout=10)
            answer_claim(claim_pk=claim.pk, user=owner, refund=Decimal("4.00"))
            said.append("")
        except AlreadyMovedError as error:
            said.append(str(error))
        finally:
            connections.close_all()

    hands = [threading.Thread(target=give_back) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(timeout=20)

    order.refresh_from_db()
    assert order.refunded == 4
    won, lost = sorted(said)
    assert won == ""
    assert lost.startswith("Olga answered this at")


def page_of(order):
    return reverse("orders:order-claim", args=[order.public_id])


def fields(order, quantity="1", kind="wrong", **more):
    line = line_of(order)
    return {
        f"quantity-{line.pk}": quantity,
        f"kind-{line.pk}": kind,
        "text": "It was cannelloni.",
        "act": "look",
        **more,
    }


def test_a_customer_reports_looks_at_the_refund_and_sends_it(client, order):
    client.force_login(order.customer)

    asked = client.get(page_of(order)).text
    looked = client.post(page_of(order), fields(order)).text
    assert not Claim.objects.exists()
    sent = client.post(page_of(order), fields(order, act="send"))

    assert "2 × Lasagne" in asked
    assert "$10.83" in looked
    assert "Not what I ordered" in looked
    assert sent["Location"] == order.get_absolute_url()
    claim = Claim.objects.get()
    assert claim.text == "It was cannelloni."
    assert claim.lines.get().kind == "wrong"
    assert client.get(page_of(order))["Location"] == order.get_absolute_url()


def test_a_claim_can_be_changed_before_it_is_sent(client, order):
    client.force_login(order.customer)

    page = client.post(page_of(order), fields(order, act="edit")).text

    assert "It was cannelloni." in page
    assert '<option value="1" selected>' in page
    assert not Claim.objects.exists()


@pytest.mark.parametrize(
    "bad",
    [
        {"quantity": "0"},
        {"quantity": "3"},
        {"quantity": "-1"},
        {"quantity": "a\0"},
        {"kind": "cold"},
        {"text": "a" * 1001},
        {"text": "a\0"},
    ],
)
def test_a_bad_claim_is_shown_again_with_what_was_typed(client, order, bad):
    client.force_login(order.customer)

    answer = client.post(page_of(order), fields(order, **{"act": "send", **bad}))

    assert answer.status_code == 422
    assert "Please look at this again:" in answer.text
    assert not Claim.objects.exists()


def test_nobody_else_reports_about_an_order(client, order):
    assert "/sign-in/" in client.get(page_of(order))["Location"]
    client.force_login(UserFactory())
    assert client.get(page_of(order)).status_code == 404
    assert client.post(page_of(order), fields(order, act="send")).status_code == 404
    assert not Claim.objects.exists()


def test_a_guest_reports_by_the_orders_link(client, trattoria, ada):
    order = eaten(trattoria, ada, guest_token="a-guests-token")
    client.get(order.get_link())

    client.post(page_of(order), fields(order, act="send"))

    assert Claim.objects.get().order == order


def test_what_cannot_be_claimed_leads_back_to_the_order(client, trattoria, ada):
    order = eaten(trattoria, ada, status="ready", ended_at=None)
    client.force_login(ada)

    answer = client.post(page_of(order), fields(order, act="send"), follow=True)

    assert answer.redirect_chain[0][0] == order.get_absolute_url()
    assert "once you have your order" in answer.text


def claims_page(restaurant):
    return reverse("owner:claims", args=[restaurant.pk])


def answer_page(claim):
    return reverse("owner:claim-answer", args=[claim.order.restaurant_id, claim.pk])


def test_the_restaurant_looks_twice_before_it_gives_money_back(client, order, owner):
    claim = claim_of(order)
    client.force_login(owner)
    given = {"act": "grant", "refund": "4,50", "answer": "Sorry!"}

    listed = client.get(claims_page(order.restaurant)).text
    looked = client.post(answer_page(claim), given)
    assert Claim.objects.get().status == "open"
    done = client.post(answer_page(claim), {**given, "confirmed": "1"}, follow=True)

    assert "1 × Lasagne" in listed
    assert "$4.50" in looked.text
    assert "pay it back yourself" in looked.text
    claim.refresh_from_db()
    assert (claim.status, claim.refund) == ("granted", Decimal("4.50"))
    assert claim.answered_by == owner
    assert "Sorry!" in done.text


def test_a_refund_is_proposed_in_the_currencys_own_coins(client, trattoria, ada, owner):
    order = eaten(trattoria, ada, currency="JPY", tax=2, tip=0, subtotal=Decimal(22))
    claim = claim_of(order)
    client.force_login(owner)

    [form] = client.get(claims_page(trattoria)).context["waiting"]
    given = {"act": "grant", "refund": form["refund"].value(), "confirmed": "1"}
    client.post(answer_page(claim), given)

    assert form["refund"].value() == "11"
    assert Claim.objects.get().refund == 11


def test_a_claim_answered_meanwhile_is_said(client, order, owner):
    claim = claim_of(order)
    client.force_login(owner)
    answer_claim(claim_pk=claim.pk, user=owner, refund=Decimal(1))

    given = {"act": "refuse", "answer": "No.", "confirmed": "1"}
    page = client.post(answer_page(claim), given, follow=True)

    assert "Olga answered this at" in page.text
    assert Claim.objects.get().status == "granted"


@pytest.mark.parametrize(
    "bad",
    [
        {"act": "grant", "refund": ""},
        {"act": "grant", "refund": "999"},
        {"act": "grant", "refund": "lots"},
        {"act": "refuse", "answer": " "},
        {"act": "steal", "refund": "1"},
        {"act": "grant", "refund": "1", "answer": "a" * 1001},
    ],
)
def test_a_bad_answer_is_shown_again(client, order, owner, bad):
    claim = claim_of(order)
    client.force_login(owner)

    answer = client.post(answer_page(claim), {**bad, "confirmed": "1"})

    assert answer.status_code == 422
    assert Claim.objects.get().status == "open"


def test_the_portal_counts_what_waits(client, order, owner):
    client.force_login(owner)
    page = claims_page(order.restaurant)
    [before] = [one for one in sidebar(client.get(page)) if one["link"] == page]
    claim_of(order)
    [after] = [one for one in sidebar(client.get(page)) if one["link"] == page]

    assert (before["badge"], after["badge"]) == (0, 1)


def sidebar(page):
    return page.context["sidebar_navigation"][0]["items"]


def test_answered_claims_come_a_page_at_a_time(client, trattoria, ada, owner):
    for number in range(22):
        order = OrderFactory(restaurant=trattoria, customer=ada, number=1000 + number)
        Claim.objects.create(
            order=order,
            status="refused",
            answer="No.",
            proposed_refund=1,
            created_at=timezone.now() - timedelta(days=number),
            answered_at=timezone.now(),
        )
    client.force_login(owner)

    first = client.get(claims_page(trattoria))
    cursor = first.context["page"].next_cursor
    second = client.get(claims_page(trattoria), {"cursor": cursor})

    assert "Order 1019" in first.text
    assert "Order 1020" not in first.text
    assert "Order 1021" in second.text
    assert client.get(claims_page(trattoria), {"cursor": "x"}).status_code == 200


def test_the_portals_order_tells_of_the_refund(client, order, owner):
    claim = claim_of(order)
    answer_claim(claim_pk=claim.pk, user=owner, refund=Decimal("5.00"))
    client.force_login(owner)

    page = client.get(reverse("owner:order", args=[order.restaurant_id, order.pk]))

    assert "<strong>$5.00</strong> of it was given back." in page.text


@pytest.mark.parametrize("who", ["staff", "other", "customer"])
def test_nobody_else_reads_or_answers_claims(client, order, owner, who):
    claim = report_claim(
        order_pk=order.pk,
        customer=order.customer,
        wrong=wrong(order),
        text="Secret words",
    )
    people = {
        "staff": lambda: (
            MembershipFactory(restaurant=order.restaurant, role=Role.STAFF).user
        ),
        "other": lambda: MembershipFactory().user,
        "customer": lambda: order.customer,
    }
    client.force_login(people[who]())

    for answer in (
        client.get(claims_page(order.restaurant)),
        client.post(answer_page(claim), {"act": "refuse", "answer": "No."}),
    ):
        assert answer.status_code in {302, 403, 404}
        assert "Secret words" not in answer.text
    assert Claim.objects.get().status == "open"


def test_operators_see_what_waits_for_more_than_two_days(client, trattoria, ada):
    late, _fresh = (
        claim_of(eaten(trattoria, ada, number=number)) for number in (771, 772)
    )
    Claim.objects.filter(pk=late.pk).update(
        created_at=timezone.now() - timedelta(hours=49)
    )
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = reverse("admin:orders_claim_changelist")

    waiting = client.get(page, {"late": "yes"}).text
    everything = client.get(page).text
    one = client.get(reverse("admin:orders_claim_change", args=[late.pk]))
    front = client.get(reverse("admin:index")).text

    assert "Claims unanswered for two days: 1" in front
    assert f"{page}?late=yes" in front
    assert "771" in waiting
    assert "772" not in waiting
    assert "772" in everything
    assert one.status_code == 200
    assert "Lasagne" in one.text
