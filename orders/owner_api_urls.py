"""The addresses of the API for those who run restaurants: `/api/v1/owner/`."""

from django.urls import include, path

from orders.api import (
    owner_board,
    owner_changes,
    owner_figures,
    owner_menu,
    owner_opinions,
    owner_orders,
    owner_restaurants,
    owner_trail,
    owner_webhooks,
)

urlpatterns = [
    path("owner/restaurants", owner_restaurants.OwnRestaurantListView.as_view()),
    path(
        "owner/restaurants/<uuid:restaurant_id>",
        owner_restaurants.OwnRestaurantView.as_view(),
    ),
    path(
        "owner/restaurants/<uuid:restaurant_id>/",
        include(
            [
                path("pause", owner_restaurants.PauseView.as_view()),
                path("resume", owner_restaurants.ResumeView.as_view()),
                path("busy", owner_restaurants.BusyView.as_view()),
                path("calm", owner_restaurants.CalmView.as_view()),
                path("menu", owner_menu.KitchenMenuView.as_view()),
                path("figures", owner_figures.FiguresView.as_view()),
                path("webhooks", owner_webhooks.WebhookListView.as_view()),
                path(
                    "webhooks/<uuid:webhook_id>",
                    owner_webhooks.WebhookView.as_view(),
                    name="webhook",
                ),
                path(
                    "webhooks/<uuid:webhook_id>/rotate-secret",
                    owner_webhooks.RotateSecretView.as_view(),
                ),
                path(
                    "webhooks/<uuid:webhook_id>/test",
                    owner_webhooks.SendTestView.as_view(),
                ),
                path(
                    "webhooks/<uuid:webhook_id>/messages",
                    owner_webhooks.WebhookMessageListView.as_view(),
                ),
                path(
                    "webhooks/<uuid:webhook_id>/messages/<uuid:message_id>/replay",
                    owner_webhooks.ReplayMessageView.as_view(),
                ),
            ]
        ),
    ),
    path("owner/items/<uuid:item_id>/sold-out", owner_menu.SellOutItemView.as_view()),
    path("owner/items/<uuid:item_id>/back", owner_menu.BringItemBackView.as_view()),
    path(
        "owner/modifiers/<uuid:modifier_id>/sold-out",
        owner_menu.SellOutModifierView.as_view(),
    ),
    path(
        "owner/modifiers/<uuid:modifier_id>/back",
        owner_menu.BringModifierBackView.as_view(),
    ),
    path("owner/board", owner_board.BoardView.as_view()),
    path("owner/board/attend", owner_board.AttendView.as_view()),
    path("owner/orders", owner_orders.OwnerOrderListView.as_view()),
    path("owner/orders/<uuid:order_id>", owner_orders.OwnerOrderView.as_view()),
    path(
        "owner/orders/<uuid:order_id>/",
        include(
            [
                path("trail", owner_trail.OwnerOrderTrailView.as_view()),
                path("open", owner_orders.OpenView.as_view()),
                path("accept", owner_orders.AcceptView.as_view()),
                path("reject", owner_orders.RejectView.as_view()),
                path("start", owner_orders.StartView.as_view()),
                path("ready", owner_orders.ReadyView.as_view()),
                path("send-out", owner_orders.SendOutView.as_view()),
                path("complete", owner_orders.CompleteView.as_view()),
                path("cancel", owner_orders.CancelOwnView.as_view()),
                path("keep", owner_orders.KeepView.as_view()),
                path("delay", owner_orders.DelayView.as_view()),
                path("print", owner_orders.PrintView.as_view()),
                path("line-changes", owner_changes.LineChangesView.as_view()),
                path(
                    "line-changes/preview",
                    owner_changes.LineChangePreviewView.as_view(),
                ),
                path(
                    "line-changes/<uuid:change_id>",
                    owner_changes.LineChangeView.as_view(),
                ),
                path(
                    "lines/<uuid:line_id>/replacements",
                    owner_changes.ReplacementsView.as_view(),
                ),
            ]
        ),
    ),
    path("owner/claims", owner_opinions.ClaimListView.as_view()),
    path(
        "owner/claims/<uuid:claim_id>/answer", owner_opinions.ClaimAnswerView.as_view()
    ),
    path("owner/reviews", owner_opinions.ReviewListView.as_view()),
    path(
        "owner/reviews/<uuid:review_id>/answer",
        owner_opinions.ReviewAnswerView.as_view(),
    ),
]
