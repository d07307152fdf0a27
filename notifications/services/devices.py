"""Where messages went, and go no more.

Devices are django-push-notifications' models; here they end.
"""

from collections.abc import Iterable

from django.db.models import Q

from notifications.device_models import DEVICE_MODELS
from notifications.models import WebhookEndpoint
from notifications.people import WEBHOOK
from notifications.providers.base import Envelope, Outcome


def deactivate_devices(answers: Iterable[tuple[Envelope, Outcome]]) -> int:
    """Deactivate the devices whose provider said that nobody is there; return how many.

    Not one that has registered since, or has another token by now.
    """
    count = 0
    for envelope, outcome in answers:
        if not outcome.is_endpoint_dead or envelope.provider not in DEVICE_MODELS:
            continue
        same = Q(pk=envelope.endpoint, registration_id=envelope.address, active=True)
        if outcome.dead_since is not None:
            same &= Q(date_created__lt=outcome.dead_since)
        devices = DEVICE_MODELS[envelope.provider].objects.filter(same)
        count += devices.update(active=False)
    return count


def deactivate_endpoints(answers: Iterable[tuple[Envelope, Outcome]]) -> int:
    """Deactivate the partners' endpoints that said they are gone; return how many."""
    count = 0
    for envelope, outcome in answers:
        if outcome.is_endpoint_dead and envelope.provider == WEBHOOK:
            same = WebhookEndpoint.objects.filter(
                pk=envelope.endpoint, url=envelope.address, is_active=True
            )
            count += same.update(is_active=False, disabled_because="gone")
    return count
