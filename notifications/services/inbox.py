from django.utils import timezone

from notifications.models import Notification


def mark_read(*, notification: Notification) -> None:
    """Mark one notification read; reading again keeps the first moment."""
    Notification.objects.filter(pk=notification.pk, read_at__isnull=True).update(
        read_at=timezone.now()
    )


def mark_all_read(*, recipient_pk: int) -> int:
    """Mark all of a person's notifications read; return how many were not."""
    return Notification.objects.filter(
        recipient=recipient_pk, read_at__isnull=True
    ).update(read_at=timezone.now())
