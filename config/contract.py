"""The API's contract, held from one version to the next: what may not change in it.

Plain functions over two OpenAPI documents: what programs send may only become freer,
what they are answered may only become richer. `docs/api.md` tells apps so.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
METHODS = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
# What makes a value smaller when it is lowered, and when it is raised.
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
FORMS = ("format", "pattern", "multipleOf")
ANY = ("array", "boolean", "integer", "null", "number", "object", "string")
FIRST_ERROR = "4"


def render(schema: Schema) -> str:
    """Return a schema as the file that is kept: the same text for the same schema."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def refuse_changes(before: Schema, after: Schema, changelog: str) -> list[str]:
    """Return why one version may not follow another; nothing if it may."""
    if render(before) == render(after):
        return []
    reasons = list(find_breaking(before, after))
    old, new = before["info"]["version"], after["info"]["version"]
    if _numbers(new) <= _numbers(old):
        reasons.append(f"{new} does not follow {old}: VERSION in api_settings.py")
    if not has_entry(changelog, new):
        reasons.append(f"docs/api-changelog.md has no entry for {new}")
    return reasons


def has_entry(changelog: str, version: str) -> bool:
    """Tell whether a changelog has a heading for a version, and words below it."""
    return bool(re.search(rf"(?m)^## {re.escape(version)}\b.*\n+(?!#)\S", changelog))


def find_breaking(before: Schema, after: Schema) -> Iterator[str]:
    """Yield every change that a program written for `before` could stumble over."""
    for part, is_sent in (("paths", True), ("webhooks", False)):
        old_paths, new_paths = before.get(part, {}), after.get(part, {})
        for path, methods in old_paths.items():
            for method in METHODS:
                if method not in methods:
                    continue
                old, new = methods[method], new_paths.get(path, {}).get(method)
                where = f"{method.upper()} {path}"
                if new is None:
                    yield f"{where}: removed"
                    continue
                pair = _Pair(before, after)
                # A webhook's body is what is answered, seen from the program.
                yield from pair.operations(where, old, new, is_sent=is_sent)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


class _Pair:
    """Two documents, and what of them is being compared."""

    def __init__(self, before: Schema, after: Schema) -> None:
        self.before, self.after = before, after
        self.under_way: set[tuple[int, int, bool]] = set()

    def operations(
        self, where: str, old: Schema, new: Schema, *, is_sent: bool
    ) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{where}: operationId {old.get('operationId')!r} was changed"
        yield from self._parameters(where, old, new)
        yield from self._body(where, old, new, is_sent=is_sent)
        yield from self._answers(where, old, new)
        yield from self._security(where, old, new)

    def _parameters(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        olds, news = self._named(self.before, old), self._named(self.after, new)
        for key, parameter in olds.items():
            spot = f"{where}: {key[0]} parameter {key[1]}"
            if key not in news:
                yield f"{spot}: removed"
                continue
            now = news[key]["schema"]
            yield from self.values(spot, parameter["schema"], now, is_sent=True)
        for key, parameter in news.items():
            was = olds.get(key, {}).get("required", False)
            if parameter.get("required", False) and not was:
                yield f"{where}: {key[0]} parameter {key[1]}: now required"

    @staticmethod
    def _named(document: Schema, operation: Schema) -> dict[tuple[str, str], Schema]:
        found = [_resolve(document, one) for one in operation.get("parameters", [])]
        return {(one["in"], one["name"]): one for one in found}

    def _body(
        self, where: str, old: Schema, new: Schema, *, is_sent: bool
    ) -> Iterator[str]:
        olds = _resolve(self.before, old.get("requestBody", {}))
        news = _resolve(self.after, new.get("requestBody", {}))
        if news.get("required") and not olds.get("required") and is_sent:
            yield f"{where}: body: now required"
        yield from self._contents(f"{where}: body", olds, news, is_sent=is_sent)

    def _answers(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        for status, answer in old.get("responses", {}).items():
            # Programs take any problem by its status; those may come and go.
            if status >= FIRST_ERROR:
                continue
            spot = f"{where}: {status}"
            if status not in new.get("responses", {}):
                yield f"{spot}: removed"
                continue
            olds = _resolve(self.before, answer)
            news = _resolve(self.after, new["responses"][status])
            yield from self._contents(spot, olds, news, is_sent=False)

    def _contents(
        self, spot: str, old: Schema, new: Schema, *, is_sent: bool
    ) -> Iterator[str]:
        for kind, content in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"{spot}: {kind} removed"
                continue
            olds, news = content["schema"], new["content"][kind]["schema"]
            yield from self.values(spot, olds, news, is_sent=is_sent)

    def _security(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        olds = old.get("security", self.before.get("security", [])) or [{}]
        news = new.get("security", self.after.get("security", [])) or [{}]
        for had in olds:
            if not any(_is_enough(had, asked) for asked in news):
                yield f"{where}: security: {json.dumps(had)} is no longer enough"

    def values(
        self, spot: str, old: Schema, new: Schema, *, is_sent: bool
    ) -> Iterator[str]:
        """Yield what makes one kind of value another; `is_sent` by programs, to us."""
        left, right = _flatten(self.before, old), _flatten(self.after, new)
        key = (id(left.get("properties")), id(right.get("properties")), is_sent)
        if "properties" in left and key in self.under_way:
            return
        self.under_way.add(key)
        yield from _compare_types(spot, left, right, is_sent=is_sent)
        yield from _compare_enums(spot, left, right, is_sent=is_sent)
        if is_sent:
            yield from _compare_bounds(spot, left, right)
        yield from self._properties(spot, left, right, is_sent=is_sent)
        for part in ("items", "additionalProperties"):
            inner, now = left.get(part), right.get(part)
            if is_sent and now is False and inner is not False:
                yield f"{spot}: no further fields are taken"
            if isinstance(inner, Mapping) and isinstance(now, Mapping):
                yield from self.values(f"{spot}[]", inner, now, is_sent=is_sent)

    def _properties(
        self, spot: str, old: Schema, new: Schema, *, is_sent: bool
    ) -> Iterator[str]:
        olds, news = old.get("properties", {}), new.get("properties", {})
        needed, now_needed = set(old.get("required", [])), set(new.get("required", []))
        for name, value in olds.items():
            if name not in news:
                yield f"{spot}.{name}: removed"
                continue
            yield from self.values(f"{spot}.{name}", value, news[name], is_sent=is_sent)
        changed = now_needed - needed if is_sent else needed - now_needed
        for name in sorted(changed & set(news)):
            yield f"{spot}.{name}: now {'required' if is_sent else 'optional'}"


def _compare_types(
    spot: str, old: Schema, new: Schema, *, is_sent: bool
) -> Iterator[str]:
    had, has = _types(old), _types(new)
    if not (had <= has if is_sent else had >= has):
        words = (" or ".join(sorted(types)) for types in (had, has))
        yield f"{spot}: type {' is now '.join(words)}"
    for name in FORMS:
        # What is sent may be freed of a form, and an answer may be given one.
        is_held = name in (new if is_sent else old)
        if is_held and old.get(name) != new.get(name):
            yield f"{spot}: {name} {old.get(name)!r} is now {new.get(name)!r}"
    if old.get("oneOf") and render(old["oneOf"]) != render(new.get("oneOf", [])):
        yield f"{spot}: its alternatives were changed"


def _compare_enums(
    spot: str, old: Schema, new: Schema, *, is_sent: bool
) -> Iterator[str]:
    narrow, wide = (new, old) if is_sent else (old, new)
    if "enum" not in narrow:
        return
    if "enum" not in wide:
        yield f"{spot}: {'now' if is_sent else 'no longer'} a closed list of values"
        return
    for value in wide["enum"]:
        if value not in narrow["enum"] and value is not None:
            yield f"{spot}: value {value!r} was {'removed' if is_sent else 'added'}"


def _compare_bounds(spot: str, old: Schema, new: Schema) -> Iterator[str]:
    for names, sign in ((UPPER, 1), (LOWER, -1)):
        for name in names:
            was, now = old.get(name), new.get(name)
            if now is not None and (was is None or sign * now < sign * was):
                yield f"{spot}: {name} {was} is now {now}"


def _resolve(document: Schema, node: Schema) -> Schema:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def _flatten(document: Schema, node: Schema) -> dict[str, Any]:
    """Return a value's schema without references, and with null among its types."""
    found = dict(_resolve(document, node))
    for part in found.pop("allOf", []):
        found = {**_flatten(document, part), **found}
    for name in ("oneOf", "anyOf"):
        parts = [_flatten(document, part) for part in found.pop(name, [])]
        solid = [part for part in parts if part.get("type") != "null"]
        if len(solid) == 1:
            found = {**solid[0], **found}
            found["type"] = sorted(_types(solid[0]) | {"null"})
        elif solid:
            found["oneOf"] = parts
    return found


def _types(node: Schema) -> set[str]:
    kind = node.get("type", ANY)
    types = {kind} if isinstance(kind, str) else set(kind)
    return types | {"integer"} if "number" in types else types


def _is_enough(had: Schema, asked: Schema) -> bool:
    return all(
        name in had and set(scopes) <= set(had[name]) for name, scopes in asked.items()
    )
