"""What customers say about an order once they have it, and what is answered."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import User
from orders.exceptions import NotReviewableError
from orders.models import Order, Review
from orders.notifications import tell_review
from orders.selectors import find_review_obstacle
from restaurants.models import Fulfilment
from restaurants.services import record_rating

# Letters of an answer, as of a review.
LONGEST = 1000


@transaction.atomic
def write_review(
    *,
    order_pk: int,
    customer: User,
    food_rating: int,
    delivery_rating: int | None = None,
    text: str = "",
) -> Review:
    """Rate a completed order of the customer's own, once; ratings are 1 to 5.

    An order that was collected has no delivery to rate. NotReviewableError says why
    it cannot be rated; the restaurant is told.
    """
    order = _lock(order_pk, customer)
    obstacle = find_review_obstacle(order, None, now=timezone.now())
    if obstacle:
        raise NotReviewableError(obstacle.words)
    if Review.objects.filter(order=order).exists():
        raise NotReviewableError(
            _("You have rated this order already."), code="already_reviewed"
        )
    review = Review(
        order=order,
        restaurant_id=order.restaurant_id,
        food_rating=food_rating,
        delivery_rating=_delivery_rating(order, delivery_rating),
        text=text.strip(),
        created_at=timezone.now(),
    )
    review.full_clean()
    review.save()
    record_rating(restaurant_pk=order.restaurant_id, rating=food_rating)
    tell_review(review)
    return review


@transaction.atomic
def edit_review(
    *,
    order_pk: int,
    customer: User,
    food_rating: int,
    delivery_rating: int | None = None,
    text: str = "",
) -> Review:
    """Change the review of one's own order, for some days after it was written.

    The restaurant's answer stays. Saying the same again changes nothing.
    NotReviewableError when it is too late; Review.DoesNotExist without a review.
    """
    order = _lock(order_pk, customer)
    review = Review.objects.select_for_update().get(order=order)
    now = timezone.now()
    obstacle = find_review_obstacle(order, review, now=now)
    if obstacle:
        raise NotReviewableError(obstacle.words, code="review_too_old")
    before = (review.food_rating, review.delivery_rating, review.text)
    after = (food_rating, _delivery_rating(order, delivery_rating), text.strip())
    if before == after:
        return review
    review.food_rating, review.delivery_rating, review.text = after
    review.edited_at = now
    review.full_clean()
    review.save(update_fields=["food_rating", "delivery_rating", "text", "edited_at"])
    record_rating(
        restaurant_pk=order.restaurant_id, rating=food_rating, previous=before[0]
    )
    return review


def _lock(order_pk: int, customer: User) -> Order:
    return Order.objects.select_for_update().get(pk=order_pk, customer=customer)


def _delivery_rating(order: Order, rating: int | None) -> int | None:
    return rating if order.fulfilment == Fulfilment.DELIVERY else None


@transaction.atomic
def answer_review(*, review_pk: int, text: str) -> Review:
    """Write the restaurant's answer, or change it; the customer is told once.

    NotReviewableError when it says nothing or is longer than LONGEST.
    """
    review = Review.objects.select_for_update().get(pk=review_pk)
    is_first = review.answered_at is None
    review.answer = text.strip()
    if not review.answer:
        raise NotReviewableError(_("Write something to answer."))
    if len(review.answer) > LONGEST:
        raise NotReviewableError(_("This answer is too long."))
    review.answered_at = review.answered_at or timezone.now()
    review.save(update_fields=["answer", "answered_at"])
    if is_first:
        tell_review(review)
    return review
