from django.urls import path

from orders.views import cart, checkout, history, opinions, order

app_name = "orders"
urlpatterns = [
    path("cart/", cart.cart_detail, name="cart-detail"),
    path("cart/items/<uuid:public_id>/", cart.cart_add, name="cart-add"),
    path("cart/earlier/", cart.cart_take_back, name="cart-take-back"),
    path("cart/fulfilment/", cart.cart_fulfilment, name="cart-fulfilment"),
    path(
        "cart/lines/<uuid:public_id>/edit/", cart.cart_edit_line, name="cart-edit-line"
    ),
    path(
        "cart/lines/<uuid:public_id>/", cart.cart_change_line, name="cart-change-line"
    ),
    path(
        "cart/lines/<uuid:public_id>/remove/",
        cart.cart_remove_line,
        name="cart-remove-line",
    ),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/", history.order_list, name="order-list"),
    path("orders/link/<str:token>/", order.order_link, name="order-link"),
    path("orders/<uuid:public_id>/", order.order_detail, name="order-detail"),
    path("orders/<uuid:public_id>/status/", order.order_status, name="order-status"),
    path("orders/<uuid:public_id>/cancel/", order.order_cancel, name="order-cancel"),
    path("orders/<uuid:public_id>/receipt/", order.order_receipt, name="order-receipt"),
    path(
        "orders/<uuid:public_id>/receipt/email/",
        order.order_receipt_email,
        name="order-receipt-email",
    ),
    path("orders/<uuid:public_id>/again/", history.order_again, name="order-again"),
    path("orders/<uuid:public_id>/review/", opinions.order_review, name="order-review"),
    path("orders/<uuid:public_id>/claim/", opinions.order_claim, name="order-claim"),
    path(
        "orders/<uuid:public_id>/changes/<uuid:change>/",
        order.line_change_answer,
        name="line-change-answer",
    ),
]
