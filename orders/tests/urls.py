"""Just the addresses that orders name in what they tell people."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def page(request: HttpRequest, public_id: str) -> HttpResponse:
    return HttpResponse(public_id)


urlpatterns = [
    path(
        "orders/",
        include(
            ([path("<uuid:public_id>/", page, name="order-detail")], "orders"),
            namespace="orders",
        ),
    ),
]
