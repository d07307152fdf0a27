"""Reviews, read and answered."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from orders.exceptions import InvalidCursorError, OrderError
from orders.forms import ReviewAnswerForm, ReviewFilterForm
from orders.models import Review
from orders.selectors import list_reviews
from orders.services.reviews import answer_review
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, duties_of, owner_site


@require_safe
def show(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    return _list(request, restaurant)


def _list(
    request: HttpRequest,
    restaurant: Restaurant,
    *,
    answered: Review | None = None,
    form: ReviewAnswerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    wanted = ReviewFilterForm(request.GET)
    wanted.is_valid()
    filters: dict[str, Any] = {
        "stars": wanted.cleaned_data.get("stars"),
        "is_unanswered": bool(wanted.cleaned_data.get("unanswered")),
    }
    cursor = request.GET.get("cursor")
    try:
        page = list_reviews(restaurant=restaurant, cursor=cursor, **filters)
    except InvalidCursorError:
        page = list_reviews(restaurant=restaurant, **filters)
    kept = request.GET.copy()
    query = kept.urlencode()
    kept["cursor"] = page.next_cursor or ""
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Reviews"),
        page=page,
        filter_form=wanted,
        is_filtered=any(filters.values()),
        query=query,
        older_query=kept.urlencode(),
        answered=answered,
        answer_form=form,
        sees_orders=Duty.ORDERS in duties_of(request).get(restaurant.pk, ()),
    )
    return TemplateResponse(
        request, "owner/reviews/reviews.html", context, status=status
    )


@require_POST
def answer(
    request: HttpRequest, restaurant: Restaurant, review_pk: int
) -> HttpResponse:
    reviews = Review.objects.filter(restaurant=restaurant)
    review = get_object_or_404(reviews, pk=review_pk)
    form = ReviewAnswerForm(request.POST)
    if form.is_valid():
        try:
            answer_review(review_pk=review.pk, text=form.cleaned_data["answer"])
        except OrderError as error:
            form.add_error("answer", str(error.message))
    if not form.is_valid():
        return _list(request, restaurant, answered=review, form=form, status=422)
    messages.success(request, _("Your answer is published."))
    address = reverse("owner:reviews", args=[restaurant.pk])
    query = request.GET.urlencode()
    return redirect(f"{address}{'?' if query else ''}{query}#review-{review.pk}")


PAGES = [
    Page(
        path="reviews/",
        name="reviews",
        view=show,
        duty=Duty.REVIEWS,
        label=gettext_lazy("Reviews"),
        icon="reviews",
        position=50,
    ),
    Page(
        path="reviews/<int:review_pk>/answer/",
        name="review-answer",
        view=answer,
        duty=Duty.REVIEWS,
    ),
]
