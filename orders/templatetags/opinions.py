"""What can still be said about an order, for its page."""

from dataclasses import dataclass

from django import template
from django.utils import timezone

from orders.models import Claim, ClaimLine, Order, Review
from orders.selectors import find_claim_obstacle, find_review_obstacle

register = template.Library()


@dataclass(frozen=True)
class Opinions:
    """What was said about an order, and what may be."""

    review: Review | None
    can_review: bool
    can_edit: bool
    claim: Claim | None
    claim_lines: list[ClaimLine]
    can_claim: bool
    is_completed: bool
    stars: range = range(1, 6)


@register.simple_tag
def opinions_of(order: Order) -> Opinions:
    """Return the review and the claim of an order, in three queries at most."""
    now = timezone.now()
    review: Review | None = getattr(order, "review", None)
    claim: Claim | None = getattr(order, "claim", None)
    may_review = not find_review_obstacle(order, review, now=now)
    return Opinions(
        review=review,
        can_review=may_review and review is None,
        can_edit=may_review and review is not None,
        claim=claim,
        claim_lines=list(claim.lines.select_related("line")) if claim else [],
        can_claim=not find_claim_obstacle(order, claim, now=now),
        is_completed=order.status in Order.COMPLETED,
    )
