"""What customers say about an order once they have it, and what is answered."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import User
from orders.exceptions import NotReviewableError
from orders.models import Order, Review
from orders.notifications import tell_review
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
    """Rate a completed order of the customer's own, once; ratings are 1 to 5."""
    order = Order.objects.select_for_update().get(pk=order_pk, customer=customer)
    if order.status not in Order.COMPLETED:
        raise NotReviewableError(_("You can rate an order once you have it."))
    if order.is_test:
        raise NotReviewableError(_("A test order is not rated."))
    if Review.objects.filter(order=order).exists():
        raise NotReviewableError(_("You have rated this order already."))
    review = Review(
        order=order,
        restaurant_id=order.restaurant_id,
        food_rating=food_rating,
        delivery_rating=delivery_rating,
        text=text,
        created_at=timezone.now(),
    )
    review.full_clean()
    review.save()
    record_rating(restaurant_pk=order.restaurant_id, rating=food_rating)
    tell_review(review)
    return review


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
