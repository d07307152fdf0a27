from typing import Any

from django.core.management.base import BaseCommand

from restaurants.services import refresh_stale_open_spans


class Command(BaseCommand):
    help = "Bring the opening spans kept on restaurants' rows up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        count = refresh_stale_open_spans()
        self.stdout.write(f"Opening spans brought up to date: {count}.")
