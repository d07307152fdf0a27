"""Claims, read and answered by the restaurant; looked after by the operators."""

from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from unfold.admin import ModelAdmin, TabularInline

from customers.models import User
from menus.templatetags.money import money
from orders.exceptions import InvalidCursorError, OrderError
from orders.forms import ClaimAnswerForm
from orders.models import Claim, ClaimLine
from orders.selectors import PATIENCE, count_open_claims, late_claims, list_claims
from orders.services.claims import answer_claim
from restaurants.models import Duty, Restaurant
from restaurants.owner_site import Page, duties_of, owner_site


@require_safe
def show(request: HttpRequest, restaurant: Restaurant) -> HttpResponse:
    return _list(request, restaurant)


def _list(
    request: HttpRequest,
    restaurant: Restaurant,
    *,
    form: ClaimAnswerForm | None = None,
    status: int = 200,
) -> HttpResponse:
    try:
        page = list_claims(restaurant=restaurant, cursor=request.GET.get("cursor"))
    except InvalidCursorError:
        page = list_claims(restaurant=restaurant)
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Claims"),
        page=page,
        waiting=[_form_of(claim, form) for claim in page.waiting],
        late=timezone.now() - PATIENCE,
    )
    return TemplateResponse(request, "owner/claims/claims.html", context, status=status)


def _form_of(claim: Claim, answered: ClaimAnswerForm | None) -> ClaimAnswerForm:
    """Return the form of a claim: as it was sent, where it has to be put right."""
    if answered is not None and answered.claim.pk == claim.pk:
        return answered
    return ClaimAnswerForm(claim=claim)


@require_POST
def answer(request: HttpRequest, restaurant: Restaurant, claim_pk: int) -> HttpResponse:
    """Give money back or refuse, once they have looked at it a second time."""
    claims = Claim.objects.filter(order__restaurant=restaurant).select_related("order")
    claim = get_object_or_404(claims, pk=claim_pk)
    form = ClaimAnswerForm(request.POST, claim=claim)
    if not form.is_valid():
        return _list(request, restaurant, form=form, status=422)
    refund: Decimal | None = form.cleaned_data["refund"]
    if "confirmed" in request.POST:
        _answer(request, claim, refund, form.cleaned_data["answer"])
        return redirect("owner:claims", restaurant.pk)
    context = owner_site.page_context(
        request,
        restaurant,
        title=_("Refuse this claim?") if refund is None else _("Give money back?"),
        claim=claim,
        form=form,
        refund=refund,
    )
    return TemplateResponse(request, "owner/claims/confirm.html", context)


def _answer(
    request: HttpRequest, claim: Claim, refund: Decimal | None, text: str
) -> None:
    assert isinstance(request.user, User)
    try:
        answer_claim(claim_pk=claim.pk, user=request.user, refund=refund, text=text)
    except OrderError as error:
        messages.error(request, str(error.message))
    else:
        words = _("%(name)s is told.") % {"name": claim.order.customer_name}
        messages.success(request, words)


def count_waiting(request: HttpRequest) -> int:
    """Return how many claims wait for this user's answer."""
    able = [pk for pk, duties in duties_of(request).items() if Duty.ORDERS in duties]
    return count_open_claims(able) if able else 0


PAGES = [
    Page(
        path="claims/",
        name="claims",
        view=show,
        duty=Duty.ORDERS,
        label=gettext_lazy("Claims"),
        icon="assignment_return",
        position=25,
        count=count_waiting,
    ),
    Page(
        path="claims/<int:claim_pk>/answer/",
        name="claim-answer",
        view=answer,
        duty=Duty.ORDERS,
    ),
]


class LateClaimFilter(admin.SimpleListFilter):
    """Those the restaurant has not answered in time."""

    title = gettext_lazy("waiting")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("For more than two days"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Claim]
    ) -> QuerySet[Claim]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(late_claims(now=timezone.now()))


class ClaimLineInline(TabularInline[Any, Any]):
    model = ClaimLine
    fields = ["line", "quantity", "kind"]
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Claim)
class ClaimAdmin(ModelAdmin[Claim]):
    """What customers reported and restaurants answered, to read."""

    fields = [
        *("order", "status", "text", "proposed_refund", "refund", "answer"),
        *("created_at", "answered_at", "answered_by"),
    ]
    readonly_fields = fields
    inlines = [ClaimLineInline]
    list_display = ["created_at", "restaurant", "order", "status", "proposed", "given"]
    list_select_related = ["order__restaurant"]
    list_filter = [LateClaimFilter, "status"]
    search_fields = ["=order__number", "order__restaurant_name"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=gettext_lazy("restaurant"))
    def restaurant(self, claim: Claim) -> str:
        return claim.order.restaurant.name

    @admin.display(description=gettext_lazy("proposed refund"))
    def proposed(self, claim: Claim) -> str:
        return money(claim.proposed_refund, claim.order.currency)

    @admin.display(description=gettext_lazy("refund"))
    def given(self, claim: Claim) -> str:
        return money(claim.refund, claim.order.currency)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
