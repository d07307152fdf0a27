from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from restaurants.models import SearchWord
from restaurants.services import refresh_search_documents


class Command(BaseCommand):
    help = "Make all restaurants findable anew, and keep the words that find them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="only while no words are kept"
        )

    def handle(self, *args: Any, if_empty: bool = False, **options: Any) -> None:
        if if_empty and SearchWord.objects.exists():
            return
        count = refresh_search_documents()
        self.stdout.write(f"Restaurants made findable: {count}.")
