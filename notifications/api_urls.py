from django.urls import include, path
from rest_framework.routers import SimpleRouter

from notifications import api

app_name = "notifications-api"

router = SimpleRouter()
router.register("apns", api.ApnsDevices, basename="apns")
router.register("fcm", api.FcmDevices, basename="fcm")
router.register("webpush", api.WebPushDevices, basename="webpush")

urlpatterns = [
    path("preferences/", api.PreferencesView.as_view(), name="preferences"),
    path("inbox/", api.InboxView.as_view(), name="inbox"),
    path("inbox/read-all/", api.InboxReadAllView.as_view(), name="inbox-read-all"),
    *(
        path(
            f"inbox/<int:pk>/{act}/",
            api.NotificationView.as_view(),
            {"act": act},
            name=f"notification-{act}",
        )
        for act in api.NotificationView.acts
    ),
    path("devices/", include(router.urls)),
    path("events/", api.EventsView.as_view(), name="events"),
]
