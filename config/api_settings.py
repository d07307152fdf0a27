"""What the schema says of the API as a whole; `config.settings` takes it from here."""

from pathlib import Path
from typing import Any

OVERVIEW = Path(__file__).with_name("api_overview.md")

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Tiffin API",
    "VERSION": "1.0.0",
    "DESCRIPTION": OVERVIEW.read_text(encoding="utf-8"),
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "BSD 3-Clause License", "identifier": "BSD-3-Clause"},
    # Wherever the schema was read.
    "SERVERS": [{"url": "/", "description": "This site"}],
    "EXTERNAL_DOCS": {
        "url": "/api/v1/problems",
        "description": "Every code of a problem, and what it means",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Their validator would be asked on a server of theirs.
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "docExpansion": "none",
        "validatorUrl": None,
    },
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": False,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "PREPROCESSING_HOOKS": ["config.api_schema.keep_api"],
    "POSTPROCESSING_HOOKS": ["config.api_schema.finish"],
    "WEBHOOKS": [
        f"orders.api.webhook_events.{event}"
        for event in (
            *("PLACED", "ACCEPTED", "PREPARING", "READY", "OUT_FOR_DELIVERY"),
            *("DELIVERED", "COLLECTED", "REJECTED", "CANCELLED", "CHANGED", "TEST"),
        )
    ],
}
