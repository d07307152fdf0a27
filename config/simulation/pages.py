"""A visitor of the site without a browser: pages, their links and their forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import urljoin

import requests

SECONDS = 30
VOID_BUTTONS = {"submit", "button", "image", "reset"}


@dataclass
class Choice:
    """One radio button or box to tick."""

    name: str
    value: str
    kind: str
    is_checked: bool


@dataclass
class Form:
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return what a browser would send, with `values` typed in."""
        checked = [(it.name, it.value) for it in self.choices if it.is_checked]
        return [
            *({**self.fields, **values}.items()),
            *((name, value) for name, value in checked if name not in values),
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.has_ended = False
        self.form: Form | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.has_ended |= "data-ended" in found
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "form":
            self.form = Form(action=found.get("action", ""))
            self.forms.append(self.form)
        elif self.form is not None:
            self._read_field(self.form, tag, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""

    def _read_field(self, form: Form, tag: str, found: dict[str, str]) -> None:
        name = found.get("name", "")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            if "selected" in found or self.select not in form.fields:
                form.fields[self.select] = found.get("value", "")
        elif tag == "button" and name:
            form.buttons.append((name, found.get("value", "")))
        elif tag == "input" and name:
            _read_input(form, name, found)


def _read_input(form: Form, name: str, found: dict[str, str]) -> None:
    kind, value = found.get("type", "text"), found.get("value", "")
    if kind in {"radio", "checkbox"}:
        form.choices.append(Choice(name, value, kind, "checked" in found))
    elif kind not in VOID_BUTTONS:
        form.fields[name] = value


@dataclass
class Page:
    url: str
    status: int
    links: list[str]
    forms: list[Form]
    has_ended: bool

    def form_to(self, part: str) -> Form | None:
        """Return the first form whose address holds `part`."""
        return next((it for it in self.forms if part in it.action), None)

    def links_to(self, start: str) -> list[str]:
        return [it for it in dict.fromkeys(self.links) if it.startswith(start)]


class Visitor:
    """Keeps cookies, follows redirects and sends what forms hold."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.session = requests.Session()

    def get(self, path: str) -> Page:
        return self._read(self.session.get(urljoin(self.site, path), timeout=SECONDS))

    def send(
        self,
        page: Page,
        form: Form,
        values: Mapping[str, str] | None = None,
        press: tuple[str, str] | None = None,
    ) -> Page:
        """Send a form of a page, with `values` typed in and a button pressed."""
        data = form.filled(values or {}) + ([press] if press else [])
        url = urljoin(page.url, form.action or page.url)
        return self.post(url, data, referer=page.url)

    def post(self, url: str, data: list[tuple[str, str]], *, referer: str) -> Page:
        answer = self.session.post(
            url, data=data, headers={"Referer": referer}, timeout=SECONDS
        )
        return self._read(answer)

    def _read(self, answer: requests.Response) -> Page:
        reader = _Reader()
        reader.feed(answer.text)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise SiteError(f"{answer.status_code} at {answer.url}")
        return Page(
            url=answer.url,
            status=answer.status_code,
            links=reader.links,
            forms=reader.forms,
            has_ended=reader.has_ended,
        )


class SiteError(Exception):
    """The site answered with an error of its own."""


FAULTS: tuple[type[Exception], ...] = (SiteError, requests.RequestException)
