from django.urls import include, path
from rest_framework.routers import SimpleRouter

from notifications import api

router = SimpleRouter()
router.register("apns", api.ApnsDevices, basename="apns")
router.register("fcm", api.FcmDevices, basename="fcm")
router.register("webpush", api.WebPushDevices, basename="webpush")

urlpatterns = [
    path(
        "notifications/preferences/", api.PreferencesView.as_view(), name="preferences"
    ),
    path("notifications/inbox/", api.InboxView.as_view(), name="inbox"),
    path(
        "notifications/inbox/read-all/",
        api.InboxReadAllView.as_view(),
        name="inbox-read-all",
    ),
    *(
        path(
            f"notifications/inbox/<int:pk>/{act}/",
            api.NotificationView.as_view(),
            {"act": act},
            name=f"notification-{act}",
        )
        for act in api.NotificationView.acts
    ),
    path("notifications/devices/", include(router.urls)),
    path("notifications/events/", api.EventsView.as_view(), name="events"),
]
