from django.urls import path

from delivery.api import courier, orders, owner_couriers

DELIVERY = "courier/deliveries/<str:token>"

urlpatterns = [
    path("orders/<uuid:order_id>", orders.OrderView.as_view(), name="order"),
    path(
        "orders/<uuid:order_id>/line-changes/<uuid:change_id>/answer",
        orders.LineChangeAnswerView.as_view(),
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
