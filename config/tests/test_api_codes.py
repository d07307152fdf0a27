"""Every code that apps can be answered is told of (config/api_codes.py)."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from config import api_codes
from config.api_errors import DOMAIN_ERRORS, status_of

ROOT = Path(settings.BASE_DIR)
APPS = ("delivery", "orders", "menus", "restaurants", "customers", "notifications")
# Where nothing is that the API calls.
PAGES = ("tests", "migrations", "management", "views", "admin.py", "operator_pages.py")
# What only the pages refuse: menus in the making, people, applications, campaigns.
OF_PAGES = {
    *("edit_conflict", "draft_conflict", "photo", "no_table", "cannot_take_back"),
    *("wrong_status", "last_owner", "already_member", "invitation_over"),
    *("other_account", "too_many", "steps_missing", "checks_missing"),
    *("changed_meanwhile", "hours_refused", "terms_refused"),
    *("campaign_state", "campaign_start_passed"),
    *("no_items", "too_many_orders", "path", "wrong_password", "price_format"),
    # Classes that are never raised themselves.
    *("order_error", "menu_error", "restaurant_error", "customer_error"),
    *("delivery_error", "notification_error"),
    # Restaurants' own parts of the portal.
    *("not_approved", "no_restaurant"),
}
TOLD = {code for code, _statuses, _words in api_codes.list_codes()}
# Whose `code` is a problem's.
SAID_BY = ("Error", "ErrorDetail", "Orderability", "OrderProblem", "ValidationError")


def kinds_of(root: Any) -> Iterator[Any]:
    yield root
    for kind in root.__subclasses__():
        yield from kinds_of(kind)


def test_each_error_is_told_of_with_its_status_or_is_the_pages_own() -> None:
    kinds = [kind for root in DOMAIN_ERRORS for kind in kinds_of(root)]
    found = {
        (status_of(kind), str(getattr(kind, "default_code", "") or kind.code))
        for kind in kinds
    }
    unknown = {
        (status, code)
        for status, code in found
        if code not in OF_PAGES and code not in api_codes.REFUSALS.get(status, {})
    }

    assert not unknown, "Tell of it in config/api_codes.py, or here as the pages' own."


def test_each_code_that_is_written_down_is_told_of() -> None:
    unknown = {
        f"{path.relative_to(ROOT)}: {code}"
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if not set(path.relative_to(ROOT).parts) & set(PAGES)
        for code in codes_in(path)
        if code not in TOLD | OF_PAGES
    }

    assert not unknown, "Tell of it in config/api_codes.py, or here as the pages' own."


def codes_in(path: Path) -> Iterator[str]:
    """Yield the codes that a file gives to errors by their names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else ""
        name = called.id if isinstance(called, ast.Name) else name
        if not name.endswith(SAID_BY):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if name == "OrderProblem":
            given += node.args[:1]
        for value in given:
            if isinstance(value, ast.Constant) and value.value:
                yield str(value.value)


def test_what_operations_refuse_is_told_of_and_the_operations_are_there() -> None:
    schema = SchemaGenerator().get_schema(public=True)
    told = {
        operation["operationId"]: operation["responses"]
        for methods in schema["paths"].values()
        for operation in methods.values()
    }

    for name, statuses in api_codes.OF_OPERATIONS.items():
        for status, codes in statuses.items():
            assert str(status) in told[name], name
            for code in codes:
                assert f"`{code}`" in told[name][str(status)]["description"]
                assert api_codes.words_of(status, code)


def test_no_refusal_is_told_of_that_no_operation_has() -> None:
    told = {
        (status, code)
        for statuses in api_codes.OF_OPERATIONS.values()
        for status, codes in statuses.items()
        for code in codes
    }

    for status, codes in api_codes.REFUSALS.items():
        assert not [code for code in codes if (status, code) not in told]
