import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from config.contract import refuse_changes, render

CONTRACT = Path(settings.BASE_DIR) / "docs" / "openapi.json"
CHANGELOG = Path(settings.BASE_DIR) / "docs" / "api-changelog.md"


class Command(BaseCommand):
    help = "Writes docs/openapi.json, unless that would break what apps were promised."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        schema = generate()
        if CONTRACT.exists():
            before = json.loads(CONTRACT.read_text(encoding="utf-8"))
            changelog = CHANGELOG.read_text(encoding="utf-8")
            reasons = refuse_changes(before, schema, changelog)
            if reasons:
                raise CommandError("\n".join(["The contract stays:", *reasons]))
        CONTRACT.write_text(render(schema), encoding="utf-8")
        self.stdout.write(f"docs/openapi.json has version {schema['info']['version']}.")


def generate() -> dict[str, Any]:
    """Return the schema of the views as they are; CommandError if it says too little.

    What is missing is printed as it is found.
    """
    GENERATOR_STATS.reset()
    with translation.override("en"):
        schema = _generate()
    if GENERATOR_STATS:
        raise CommandError("The views say too little of themselves: see above.")
    return schema


def _generate() -> dict[str, Any]:
    # The generator's own words about what is missing come with the command to run.
    generator: Any = SchemaGenerator
    validate: Any = validate_schema
    schema: dict[str, Any] = generator().get_schema(public=True)
    validate(schema)
    return schema
