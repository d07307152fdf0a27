"""What customers say about an order once they have it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import User
from orders.exceptions import NotReviewableError
from orders.models import Order, Review
from restaurants.services import record_rating


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
    return review
