from celery import shared_task
from django.core.management import call_command


@shared_task(name="customers.tasks.clear_sessions")
def clear_sessions() -> None:
    """Forget the visits that have ended; nothing else deletes their rows."""
    call_command("clearsessions")
