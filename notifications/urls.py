from django.urls import path

from notifications import views, webhooks

app_name = "notifications"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.inbox_mark_all_read, name="inbox-mark-all-read"),
    path("unread/", views.unread_count, name="unread-count"),
    path("preferences/", views.preferences, name="preferences"),
    path("preferences/do-not-disturb/", views.do_not_disturb, name="do-not-disturb"),
    path(
        "preferences/devices/<slug:kind>/<int:pk>/remove/",
        views.device_remove,
        name="device-remove",
    ),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path(
        "webhooks/twilio/status/<str:token>/",
        webhooks.twilio_status,
        name="twilio-status",
    ),
    path("webhooks/twilio/inbound/", webhooks.twilio_inbound, name="twilio-inbound"),
    path("<int:pk>/", views.notification_open, name="notification-open"),
    path(
        "<int:pk>/unread/",
        views.notification_mark_unread,
        name="notification-mark-unread",
    ),
    path("<int:pk>/archive/", views.notification_archive, name="notification-archive"),
]
