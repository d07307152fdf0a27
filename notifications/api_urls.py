from django.urls import path

from notifications.api import devices, events, inbox, preferences

urlpatterns = [
    path("me/preferences", preferences.PreferencesView.as_view(), name="preferences"),
    path("me/inbox", inbox.InboxView.as_view(), name="inbox"),
    path("me/inbox/read-all", inbox.InboxReadAllView.as_view(), name="inbox-read-all"),
    path(
        "me/inbox/<uuid:notification_id>/read",
        inbox.ReadView.as_view(),
        name="notification-read",
    ),
    path(
        "me/inbox/<uuid:notification_id>/unread",
        inbox.UnreadView.as_view(),
        name="notification-unread",
    ),
    path(
        "me/inbox/<uuid:notification_id>/archive",
        inbox.ArchiveView.as_view(),
        name="notification-archive",
    ),
    path("me/devices/apns", devices.ApnsDevicesView.as_view(), name="apns-devices"),
    path(
        "me/devices/apns/<uuid:device_id>",
        devices.ApnsDeviceView.as_view(),
        name="apns-device",
    ),
    path("me/devices/fcm", devices.FcmDevicesView.as_view(), name="fcm-devices"),
    path(
        "me/devices/fcm/<uuid:device_id>",
        devices.FcmDeviceView.as_view(),
        name="fcm-device",
    ),
    path(
        "me/devices/webpush",
        devices.WebPushDevicesView.as_view(),
        name="webpush-devices",
    ),
    path(
        "me/devices/webpush/<uuid:device_id>",
        devices.WebPushDeviceView.as_view(),
        name="webpush-device",
    ),
    path("notifications/events", events.EventsView.as_view(), name="events"),
]
