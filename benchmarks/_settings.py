"""What the workers of a benchmark run with."""

from config.settings import *  # noqa: F403

TEMPLATES[0]["DIRS"].append(BASE_DIR / "benchmarks/templates")  # type: ignore[attr-defined] # noqa: F405
