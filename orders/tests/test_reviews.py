"""Reviews told to the restaurant, answered, and the answers told to the customer."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import UserFactory
from notifications.models import Event
from orders.exceptions import NotReviewableError
from orders.models import Order, Review
from orders.services import answer_review, edit_review, write_review
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
    return MembershipFactory.create(restaurant=trattoria).user


def review_of(restaurant, stars=4, text="Crisp.", **order):
    done = OrderFactory.create(restaurant=restaurant, status="delivered", **order)
    return write_review(
        order_pk=done.pk, customer=done.customer, food_rating=stars, text=text
    )


def page_of(restaurant):
    return reverse("owner:reviews", args=[restaurant.pk])


def answer_page(review):
    return reverse("owner:review-answer", args=[review.restaurant_id, review.pk])


def test_the_restaurant_is_told_of_a_review(trattoria, owner):
    review = review_of(trattoria)

    told = Event.objects.get(key=f"review_written:{review.order.public_id}")

    assert told.chunks.get().recipient_ids == [owner.pk]
    assert told.context["rating"] == 4


def test_the_customer_is_told_of_the_first_answer_alone(trattoria):
    review = review_of(trattoria)

    answer_review(review_pk=review.pk, text=" Thank you. ")
    first = Review.objects.get().answered_at
    answer_review(review_pk=review.pk, text="Thank you very much.")

    review.refresh_from_db()
    assert (review.answer, review.answered_at) == ("Thank you very much.", first)
    told = Event.objects.get(topic="review_answered")
    assert told.context["text"] == "Thank you."


@pytest.mark.parametrize("text", ["  ", "a" * 1001])
def test_an_answer_says_something_and_not_too_much(trattoria, text):
    review = review_of(trattoria)

    with pytest.raises(NotReviewableError):
        answer_review(review_pk=review.pk, text=text)
    review.refresh_from_db()
    assert review.answered_at is None


def test_a_test_order_is_not_rated(trattoria):
    with pytest.raises(NotReviewableError):
        review_of(trattoria, is_test=True)
    trattoria.refresh_from_db()
    assert trattoria.rating_count == 0


def test_an_owner_reads_and_answers_reviews(client, trattoria, owner):
    review = review_of(trattoria, text="Crisp crust.")
    client.force_login(owner)

    shown = client.get(page_of(trattoria)).text
    answered = client.post(answer_page(review), {"answer": "Come again!"}, follow=True)

    assert "Crisp crust." in shown
    assert "Food: 4 of 5" in shown
    assert reverse("owner:order", args=[trattoria.pk, review.order_id]) in shown
    assert "Come again!" in answered.text
    assert Review.objects.get().answer == "Come again!"


def test_everybody_reads_the_answer(client, trattoria):
    review = review_of(trattoria)
    answer_review(review_pk=review.pk, text="Grazie mille.")

    assert "Grazie mille." in client.get(trattoria.get_absolute_url()).text
    client.force_login(review.order.customer)
    assert "Grazie mille." in client.get(review.order.get_absolute_url()).text


@pytest.mark.parametrize("text", ["", "   ", "a" * 1001])
def test_a_bad_answer_is_shown_again_with_what_was_typed(
    client, trattoria, owner, text
):
    review = review_of(trattoria)
    client.force_login(owner)

    answer = client.post(answer_page(review), {"answer": text})

    assert answer.status_code == 422
    assert "error" in answer.text
    assert text in answer.text
    assert Review.objects.get().answer == ""


def test_reviews_are_filtered_by_stars_and_by_what_is_unanswered(
    client, trattoria, owner
):
    good = review_of(trattoria, stars=5, text="Superb.")
    review_of(trattoria, stars=1, text="Cold.")
    answer_review(review_pk=good.pk, text="Thanks.")
    client.force_login(owner)

    fives = client.get(page_of(trattoria), {"stars": "5"}).text
    waiting = client.get(page_of(trattoria), {"unanswered": "on"}).text
    odd = client.get(page_of(trattoria), {"stars": "x", "cursor": "y"})

    assert "Superb." in fives
    assert "Cold." not in fives
    assert "Cold." in waiting
    assert "Superb." not in waiting
    assert odd.status_code == 200


def test_older_reviews_are_on_the_next_page(client, trattoria, owner):
    for number in range(22):
        review = review_of(trattoria, text=f"Review {number:02}.")
        Review.objects.filter(pk=review.pk).update(
            created_at=timezone.now() - timedelta(days=number)
        )
    client.force_login(owner)

    first = client.get(page_of(trattoria))
    second = client.get(f"{page_of(trattoria)}?{first.context['older_query']}")

    assert "Review 19." in first.text
    assert "Review 20." not in first.text
    assert "Review 20." in second.text
    assert "Review 21." in second.text
    assert "Older reviews" not in second.text


def test_many_reviews_take_as_many_queries_as_one(
    client, trattoria, owner, django_assert_num_queries
):
    review_of(trattoria)
    client.force_login(owner)
    client.get(page_of(trattoria))
    with django_assert_num_queries(8, exact=False) as one:
        client.get(page_of(trattoria))
    for _ in range(5):
        review_of(trattoria)

    with django_assert_num_queries(len(one)):
        client.get(page_of(trattoria))


@pytest.mark.parametrize("who", ["other", "staff", "customer", "nobody"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_reads_or_answers_them(client, trattoria, owner, who, method):
    review = review_of(trattoria, text="Secret praise.")
    people = {
        "other": MembershipFactory.create().user,
        "staff": MembershipFactory.create(restaurant=trattoria, role=Role.STAFF).user,
        "customer": UserFactory.create(),
    }
    if who in people:
        client.force_login(people[who])

    for page in (page_of(trattoria), answer_page(review)):
        answer = getattr(client, method)(page, {"answer": "Ha!"})
        assert answer.status_code in {302, 403, 404, 405}
        assert "Secret praise." not in answer.text
    assert Review.objects.get().answer == ""


def test_another_restaurants_review_is_not_answered_here(client, trattoria, owner):
    review = review_of(RestaurantFactory.create())
    client.force_login(owner)

    page = reverse("owner:review-answer", args=[trattoria.pk, review.pk])

    assert client.post(page, {"answer": "Ha!"}).status_code == 404
    assert not Order.objects.get().review.answer


def edit(review, **words):
    return edit_review(
        order_pk=review.order_id, customer=review.order.customer, **words
    )


def age(review, **how):
    Review.objects.filter(pk=review.pk).update(
        created_at=timezone.now() - timedelta(**how)
    )


def test_a_review_is_changed_and_so_is_the_average(trattoria):
    review = review_of(trattoria, stars=2, text="Cold.")
    answer_review(review_pk=review.pk, text="Sorry.")

    edit(review, food_rating=5, text=" Warm after all. ")

    review.refresh_from_db()
    trattoria.refresh_from_db()
    assert (review.food_rating, review.text) == (5, "Warm after all.")
    assert (review.answer, review.edited_at is not None) == ("Sorry.", True)
    assert (trattoria.rating, trattoria.rating_count) == (5, 1)
    assert Event.objects.filter(topic="review_written").count() == 1


def test_the_same_words_again_are_no_change(trattoria):
    review = review_of(trattoria, stars=4, text="Crisp.")

    assert edit(review, food_rating=4, text="Crisp.").edited_at is None


def test_a_review_stays_as_it_is_after_a_week(trattoria):
    review = review_of(trattoria, stars=4)
    age(review, days=7, minutes=1)

    with pytest.raises(NotReviewableError):
        edit(review, food_rating=1)
    trattoria.refresh_from_db()
    assert trattoria.rating == 4


def test_only_what_was_delivered_has_a_delivery_to_rate(trattoria):
    place = {"fulfilment": "delivery", "latitude": 0, "longitude": 0}
    rated = []
    for order in ({"fulfilment": "pickup"}, place):
        done = OrderFactory.create(restaurant=trattoria, status="delivered", **order)
        review = write_review(
            order_pk=done.pk, customer=done.customer, food_rating=4, delivery_rating=3
        )
        rated.append(review.delivery_rating)

    assert rated == [None, 3]


@pytest.mark.django_db(transaction=True)
def test_of_two_reviews_at_once_one_counts(trattoria):
    order = OrderFactory.create(restaurant=trattoria, status="delivered")
    said = []
    start = threading.Barrier(2)

    def rate():
        try:
            start.wait(timeout=10)
            write_review(order_pk=order.pk, customer=order.customer, food_rating=3)
            said.append("")
        except NotReviewableError as error:
            said.append(str(error))
        finally:
            connections.close_all()

    hands = [threading.Thread(target=rate) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(timeout=20)

    trattoria.refresh_from_db()
    assert sorted(said) == ["", "You have rated this order already."]
    assert trattoria.rating_count == 1


def review_page(order):
    return reverse("orders:order-review", args=[order.public_id])


def test_a_customer_rates_changes_it_and_sees_that_it_was_edited(client, trattoria):
    order = OrderFactory.create(restaurant=trattoria, status="collected")
    client.force_login(order.customer)

    asked = client.get(review_page(order), {"food_rating": "4"}).text
    client.post(review_page(order), {"food_rating": "4", "text": "Crisp."})
    again = client.get(review_page(order)).text
    client.post(review_page(order), {"food_rating": "5", "text": "Crisper."})
    shown = client.get(order.get_absolute_url()).text

    assert "The food" in asked
    assert "The delivery" not in asked
    assert "Change your review" in again
    assert "Crisp." in again
    assert "Crisper." in shown
    assert "Food: 5 of 5" in shown
    assert "edited" in shown


@pytest.mark.parametrize(
    "bad", [{"food_rating": ""}, {"food_rating": "6"}, {"text": "a" * 1001}]
)
def test_a_bad_review_is_shown_again_with_what_was_typed(client, trattoria, bad):
    order = OrderFactory.create(restaurant=trattoria, status="collected")
    client.force_login(order.customer)
    words = {"food_rating": "4", "text": "Typed with care.", **bad}

    answer = client.post(review_page(order), words)

    assert answer.status_code == 422
    assert "Please look at this again:" in answer.text
    assert words["text"] in answer.text
    assert not Review.objects.exists()


def test_an_order_under_way_is_not_rated_yet(client, trattoria):
    order = OrderFactory.create(restaurant=trattoria, status="ready")
    client.force_login(order.customer)

    page = client.post(review_page(order), {"food_rating": "4"}, follow=True)

    assert "You can rate an order once you have it." in page.text
    assert not Review.objects.exists()


def test_a_guest_rates_by_the_orders_link(client, trattoria):
    order = OrderFactory.create(
        restaurant=trattoria, status="collected", guest_token="a-guests-token"
    )
    client.get(order.get_link())

    client.post(review_page(order), {"food_rating": "4"})

    assert Review.objects.get().order == order
