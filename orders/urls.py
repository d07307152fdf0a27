from django.urls import path

from orders import views

app_name = "orders"
urlpatterns = [
    path("cart/", views.cart_detail, name="cart-detail"),
    path("cart/items/<uuid:public_id>/", views.cart_add, name="cart-add"),
    path(
        "cart/lines/<uuid:public_id>/", views.cart_change_line, name="cart-change-line"
    ),
    path(
        "cart/lines/<uuid:public_id>/remove/",
        views.cart_remove_line,
        name="cart-remove-line",
    ),
    path("checkout/", views.checkout, name="checkout"),
    path("orders/", views.order_list, name="order-list"),
    path("orders/<uuid:public_id>/", views.order_detail, name="order-detail"),
    path("orders/<uuid:public_id>/status/", views.order_status, name="order-status"),
    path("orders/<uuid:public_id>/cancel/", views.order_cancel, name="order-cancel"),
    path("orders/<uuid:public_id>/again/", views.order_again, name="order-again"),
    path("orders/<uuid:public_id>/review/", views.order_review, name="order-review"),
    path(
        "orders/<uuid:public_id>/changes/<uuid:change>/",
        views.line_change_answer,
        name="line-change-answer",
    ),
]
