from argparse import ArgumentParser
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand

from config.outside_world.program import Options, add_arguments, run


class Command(BaseCommand):
    help = (
        "Be Google, Apple, the browsers' push services, Twilio, an SMS carrier and a "
        "mail server, for development, tests and benchmarks."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        run(Options(**{each.name: options[each.name] for each in fields(Options)}))
