from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.inbox_mark_all_read, name="inbox-mark-all-read"),
    path("unread/", views.unread_count, name="unread-count"),
    path("<int:pk>/", views.notification_open, name="notification-open"),
]
