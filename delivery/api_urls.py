from django.urls import path

from delivery.api import courier, owner_couriers
from delivery.serializers import present_delivery
from orders.api import orders

DELIVERY = "courier/deliveries/<str:token>"
ORDER = "orders/<uuid:order_id>"

urlpatterns = [
    path(
        "orders",
        orders.OrdersView.as_view(tell_delivery=present_delivery),
        name="orders",
    ),
    path(
        ORDER,
        orders.OrderView.as_view(tell_delivery=present_delivery),
        name="order",
    ),
    path(
        f"{ORDER}/cancel",
        orders.OrderCancelView.as_view(tell_delivery=present_delivery),
        name="order-cancel",
    ),
    path(
        f"{ORDER}/line-changes/<uuid:change_id>/answer",
        orders.LineChangeAnswerView.as_view(tell_delivery=present_delivery),
        name="line-change-answer",
    ),
    path(
        "owner/orders/<uuid:order_id>/courier",
        owner_couriers.OwnCourierView.as_view(),
        name="own-courier",
    ),
    path(DELIVERY, courier.CourierDeliveryView.as_view(), name="courier-delivery"),
    path(
        f"{DELIVERY}/pick-up",
        courier.CourierPickUpView.as_view(),
        name="courier-pick-up",
    ),
    path(
        f"{DELIVERY}/arrive", courier.CourierArriveView.as_view(), name="courier-arrive"
    ),
    path(
        f"{DELIVERY}/hand-over",
        courier.CourierHandOverView.as_view(),
        name="courier-hand-over",
    ),
    path(
        f"{DELIVERY}/give-back",
        courier.CourierGiveBackView.as_view(),
        name="courier-give-back",
    ),
    path(
        f"{DELIVERY}/position",
        courier.CourierPositionView.as_view(),
        name="courier-position",
    ),
]
