from django.urls import path

from orders.api import cart, opinions, orders, restaurants

# Those that answer whole orders are with the app of deliveries.
ORDER = "orders/<uuid:order_id>"

urlpatterns = [
    path("cart", cart.CartView.as_view(), name="cart"),
    path("cart/lines", cart.CartLinesView.as_view(), name="cart-lines"),
    path("cart/lines/<uuid:line_id>", cart.CartLineView.as_view(), name="cart-line"),
    path("cart/accept-prices", cart.CartPricesView.as_view(), name="cart-prices"),
    path("cart/quote", cart.QuoteView.as_view(), name="cart-quote"),
    path("cart/slots", cart.SlotsView.as_view(), name="cart-slots"),
    path(f"{ORDER}/again", orders.OrderAgainView.as_view(), name="order-again"),
    path(f"{ORDER}/receipt", orders.OrderReceiptView.as_view(), name="order-receipt"),
    path(f"{ORDER}/review", opinions.OrderReviewView.as_view(), name="order-review"),
    path(f"{ORDER}/claims", opinions.OrderClaimsView.as_view(), name="order-claims"),
    path(
        f"{ORDER}/claims/quote",
        opinions.ClaimQuoteView.as_view(),
        name="order-claim-quote",
    ),
    path(
        "restaurants/<uuid:restaurant_id>",
        restaurants.RestaurantView.as_view(),
        name="restaurant",
    ),
    path(
        "restaurants/<uuid:restaurant_id>/reviews",
        restaurants.RestaurantReviewsView.as_view(),
        name="restaurant-reviews",
    ),
]
