from celery import shared_task
from django.core.management import call_command

from customers.services import clear_old_tokens, write_link


@shared_task(name="customers.tasks.clear_sessions")
def clear_sessions() -> None:
    """Forget the visits that have ended; nothing else deletes their rows."""
    call_command("clearsessions")


@shared_task(name="customers.tasks.clear_tokens")
def clear_tokens() -> None:
    """Forget the tokens of apps that are over, as nothing else does."""
    clear_old_tokens()


@shared_task(name="customers.tasks.mail_link")
def mail_link(kind: str, user_pk: int, more: str = "") -> None:
    """Make a link and mail it: here, so that no broker ever holds one."""
    write_link(kind=kind, user_pk=user_pk, more=more)
