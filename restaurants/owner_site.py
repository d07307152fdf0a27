"""The owner portal: an admin site of its own, scoped to one's restaurants.

It fails closed: only an OwnerModelAdmin can be registered, everything it lists, opens,
offers or accepts belongs to a restaurant where the user's role has the page's duty, and
a foreign key to a model it does not know offers nothing. A page that is no model's is
about one restaurant, which its address names (`Page`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import (
    ImproperlyConfigured,
    PermissionDenied,
    ValidationError,
)
from django.core.paginator import InvalidPage
from django.db import IntegrityError, transaction
from django.db.models import Field, ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import Field as FormField
from django.forms import ModelChoiceField, ModelForm, ModelMultipleChoiceField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.admin import ModelAdmin, TabularInline
from unfold.sites import UnfoldAdminSite
from unfold.widgets import BASE_INPUT_CLASSES, INPUT_CLASSES

from customers.models import User
from customers.services import heed_password_change
from restaurants.models import Cuisine, Duty, Restaurant
from restaurants.owner_history import MembersHistory
from restaurants.selectors import (
    Portals,
    get_acting_session,
    list_applications_of,
    list_portals,
)

# Models that belong to nobody and may be chosen by everybody.
SHARED_MODELS: tuple[type[Model], ...] = (Cuisine,)


def own_restaurants(
    user: AbstractBaseUser | AnonymousUser, duty: Duty | None = None
) -> QuerySet[Restaurant]:
    """Return the restaurants where somebody has a duty (any for None); else none."""
    if not isinstance(user, User) or not user.is_active:
        return Restaurant.objects.none()
    return Restaurant.objects.run_by(user, duty)


def portals_of(request: HttpRequest) -> Portals:
    """Return the restaurants the user runs; asked once a request."""
    if not hasattr(request, "portals"):
        user = request.user
        portals = Portals(duties={}, setting_up=frozenset(), acting=frozenset())
        if isinstance(user, User) and user.is_active:
            portals = list_portals(user)
        request.portals = portals  # type: ignore[attr-defined]
    return request.portals  # type: ignore[attr-defined,no-any-return]


def duties_of(request: HttpRequest) -> dict[int, frozenset[Duty]]:
    """Return what the user may do, by the restaurant's key; asked once a request."""
    return portals_of(request).duties


def may(request: HttpRequest, duty: Duty | None = None) -> bool:
    """Tell whether the user has a duty (any for None) at some restaurant."""
    return any(duty is None or duty in duties for duties in duties_of(request).values())


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the portal about one restaurant: `view(request, restaurant, ...)`.

    Its address is /owner/r/<restaurant>/<path>, its URL's name is `name`. With a label
    it stands in the navigation, by `position`. One that is not `about_one` is at
    /owner/<path>, takes the request alone, and scopes what it shows by itself. One
    that is only for `while_setting_up` leaves the navigation once a restaurant is live.
    """

    path: str
    name: str
    view: Callable[..., HttpResponseBase]
    duty: Duty
    label: StrOrPromise = ""
    icon: str = ""  # of Material Symbols
    position: int = 100
    about_one: bool = True
    while_setting_up: bool = False
    # How much waits there for somebody, shown beside the label.
    count: Callable[[HttpRequest], int] | None = None


@dataclass(frozen=True, kw_only=True)
class Link:
    """A page of the navigation that is a model's, or about all restaurants."""

    name: str
    duty: Duty
    label: StrOrPromise
    icon: str
    position: int


class OwnerSignInForm(AuthenticationForm):
    def __init__(self, request: HttpRequest | None = None, *args: Any, **kw: Any):
        super().__init__(request, *args, **kw)
        for name in ("username", "password"):
            self.fields[name].widget.attrs["class"] = " ".join(
                [*BASE_INPUT_CLASSES, *INPUT_CLASSES]
            )

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        super().confirm_login_allowed(user)  # type: ignore[arg-type]
        if own_restaurants(user).exists():
            return
        if isinstance(user, User) and list_applications_of(user):
            raise ValidationError(
                format_html(
                    '{} <a class="underline" href="{}">{}</a>',
                    _("The portal opens once your restaurant is approved."),
                    reverse("joining:status"),
                    _("See where your application stands."),
                ),
                code="not_approved",
            )
        raise ValidationError(
            _(
                "This account does not run a restaurant. To order food, use our"
                " customer pages."
            ),
            code="no_restaurant",
        )


class Scoped:
    """What model admins and inlines of the portal share."""

    admin_site: admin.AdminSite
    duty: Duty

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        kwargs["queryset"] = self._choices(db_field.remote_field.model, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc,no-any-return]

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        kwargs["queryset"] = self._choices(db_field.remote_field.model, request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc,no-any-return]

    def _choices(self, model: type[Model], request: HttpRequest) -> QuerySet[Any]:
        if model is Restaurant:
            return own_restaurants(request.user, self.duty)
        if model in SHARED_MODELS:
            return model._default_manager.all()  # noqa: SLF001  # public in all but name
        try:
            related = self.admin_site.get_model_admin(model)
        except NotRegistered:
            return model._default_manager.none()  # noqa: SLF001
        return related.get_queryset(request)


class AsksAgain:
    """Answers a change that met another one in the database, instead of failing.

    Forms see rows as they were when the page was opened; the constraints see the rest.
    """

    def changeform_view(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        try:
            page: HttpResponse = super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except IntegrityError:
            messages.error(
                request,
                _(
                    "Somebody changed the same thing meanwhile, so nothing was saved."
                    " Look at it as it is now and change it again."
                ),
            )
            return redirect(request.get_full_path())
        return page


class OwnerModelAdmin(AsksAgain, Scoped, MembersHistory, ModelAdmin):
    """A model of the portal; `restaurant_path` leads from its row to the restaurant.

    Who has `duty` there sees it.
    """

    restaurant_path = "restaurant"
    can_add = True
    can_change = True
    can_delete = False
    actions: Any = []
    view_on_site = False

    class Media:
        js = ["js/list_filters.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.scope(super().get_queryset(request), request)

    def scope(self, rows: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
        own = own_restaurants(request.user, self.duty).order_by().values("pk")
        return rows.filter(**{f"{self.restaurant_path}__in": own})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.duty)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.can_add and self._may(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_change and self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_delete and self._may(request, obj)

    def _may(self, request: HttpRequest, obj: Any) -> bool:
        if not may(request, self.duty):
            return False
        return obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = list(super().get_fields(request, obj))
        own = own_restaurants(request.user, self.duty)
        is_chosen = obj is None and own.count() > 1
        if "restaurant" in fields and not is_chosen:
            fields.remove("restaurant")
        return fields

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: Any
    ) -> None:
        if self.restaurant_path == "restaurant" and obj.restaurant_id is None:
            obj.restaurant = own_restaurants(request.user, self.duty).get()
        super().save_model(request, obj, form, change)


class OwnerInline(Scoped, TabularInline):
    """Rows inside a page of the portal; the page's own row decides who may."""

    extra = 0

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> FormField | None:
        field: FormField | None = super().formfield_for_dbfield(
            db_field, request, **kwargs
        )
        if field is not None:
            # The heading of a column is no label to a screen reader.
            field.widget.attrs.setdefault("aria-label", str(field.label or ""))
        return field

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.duty)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.duty)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.duty)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.duty)


class BackOffice(UnfoldAdminSite):
    """What both admin sites share: their own names, and the way in."""

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # The theme's form forgets where to go.
        if request.method == "GET" and REDIRECT_FIELD_NAME not in request.GET:
            home = urlencode({REDIRECT_FIELD_NAME: reverse(f"{self.name}:index")})
            return redirect(f"{request.path}?{home}")
        page: HttpResponse = super().login(request, extra_context)
        return page

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            found: HttpResponse = super().search(request, extra_context)
        except (ValueError, InvalidPage) as error:  # ?page=x
            raise Http404 from error
        return found

    @transaction.atomic
    def password_change(self, request: HttpRequest, *args: Any) -> HttpResponse:
        page: HttpResponse = super().password_change(request, *args)
        # Only who has changed it is led on.
        if page.has_header("Location") and isinstance(request.user, User):
            heed_password_change(user=request.user)
        return page

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        titles = {"site_title": self.site_title, "site_header": self.site_header}
        return {**super().each_context(request), **titles}


class OwnerSite(BackOffice):
    # Its own settings of the theme: the operators' search is not for owners.
    settings_name = "UNFOLD_OWNER"
    site_header = _("Your restaurant")
    site_title = _("Your restaurant on Tiffin")
    index_title = _("Your restaurant")
    # Where a session keeps the restaurant that was looked at last.
    session_key = "owner_restaurant"

    def __init__(self, name: str = "owner") -> None:
        super().__init__(name)
        self.login_form = OwnerSignInForm
        self._pages: list[Page] = []
        self._links: list[Link] = []

    def add(self, *entries: Page | Link) -> None:
        """Add pages about one restaurant, and links to others for the navigation."""
        for entry in entries:
            if isinstance(entry, Page):
                self._pages.append(entry)
            else:
                self._links.append(entry)

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and may(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Who waits for approval needs no other account, only to be told so.
        user = request.user
        if isinstance(user, User) and not may(request) and list_applications_of(user):
            return redirect("joining:status")
        return super().login(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        user = request.user
        if isinstance(user, User) and user.is_staff:
            context["acting"] = get_acting_session(user)
            context["acting_stop"] = reverse("admin:restaurants_actingsession_stop")
        return context

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[admin.ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        if admin_class is None or not issubclass(admin_class, OwnerModelAdmin):
            raise ImproperlyConfigured(
                "The owner portal takes subclasses of OwnerModelAdmin only."
            )
        super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        # The shortcut to any object's page knows no owners.
        urls = [
            pattern
            for pattern in super().get_urls()
            if getattr(pattern, "name", "") != "view_on_site"
        ]
        pages = [self._url(page) for page in self._pages]
        return [*pages, *urls]

    def _url(self, page: Page) -> URLPattern:
        if page.about_one:
            route, view = f"r/<int:restaurant_pk>/{page.path}", self._about_one(page)
        else:
            route, view = page.path, self._open(page)
        url: URLPattern = path(route, self.admin_view(view), name=page.name)
        return url

    def _open(self, page: Page) -> Callable[..., HttpResponseBase]:
        def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if not may(request, page.duty):
                raise PermissionDenied
            request.current_app = self.name
            return page.view(request, **kwargs)

        return view

    def _about_one(self, page: Page) -> Callable[..., HttpResponseBase]:
        def view(
            request: HttpRequest, restaurant_pk: int, **kwargs: Any
        ) -> HttpResponseBase:
            own = own_restaurants(request.user, page.duty)
            restaurant = get_object_or_404(own, pk=restaurant_pk)
            request.current_app = self.name
            request.owner_page = page  # type: ignore[attr-defined]
            if request.session.get(self.session_key) != restaurant.pk:
                request.session[self.session_key] = restaurant.pk
            return page.view(request, restaurant, **kwargs)

        return view

    def current_restaurant(
        self, request: HttpRequest, duty: Duty | None = None
    ) -> Restaurant | None:
        """Return the restaurant looked at last, else the first; None without any."""
        own = own_restaurants(request.user, duty)
        last: int = request.session.get(self.session_key, 0)
        return own.filter(pk=last).first() or own.first()

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Start on the first page of the navigation that the user may open."""
        for item in self._navigation(request):
            return redirect(item["link"])
        page: HttpResponse = super().index(request, extra_context)
        return page

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        items = self._navigation(request)
        return [{"title": "", "items": items}] if items else []

    def _navigation(self, request: HttpRequest) -> list[dict[str, Any]]:
        entries: list[Page | Link] = [*self._links]
        entries += [page for page in self._pages if page.label]
        return [
            {
                "title": entry.label,
                "icon": entry.icon,
                "link": link,
                "active": request.path == link,
                "has_permission": True,
                "badge": self._badge(request, entry),
            }
            for entry in sorted(entries, key=lambda entry: entry.position)
            if (link := self._address(request, entry))
        ]

    def _badge(self, request: HttpRequest, entry: Page | Link) -> int:
        if isinstance(entry, Link) or entry.count is None:
            return 0
        return entry.count(request)

    def _address(self, request: HttpRequest, entry: Page | Link) -> str:
        """Return where an entry of the navigation leads; nothing if nowhere."""
        able = [pk for pk, duties in duties_of(request).items() if entry.duty in duties]
        if isinstance(entry, Page) and entry.while_setting_up:
            able = [pk for pk in able if pk in portals_of(request).setting_up]
        if not able:
            return ""
        if isinstance(entry, Link) or not entry.about_one:
            return reverse(f"{self.name}:{entry.name}")
        last = request.session.get(self.session_key)
        return reverse(
            f"{self.name}:{entry.name}", args=[last if last in able else able[0]]
        )

    def page_context(
        self, request: HttpRequest, restaurant: Restaurant, **extra: Any
    ) -> dict[str, Any]:
        """Return what the template of a page about a restaurant needs.

        Among it the same page of the user's other restaurants, to switch to.
        """
        page: Page = request.owner_page  # type: ignore[attr-defined]
        others = []
        if "/" not in page.path.rstrip("/") and "<" not in page.path:
            others = [
                (one, reverse(f"{self.name}:{page.name}", args=[one.pk]))
                for one in own_restaurants(request.user, page.duty)
            ]
        return {
            **self.each_context(request),
            "restaurant": restaurant,
            "switcher": others if len(others) > 1 else [],
            "title": page.label,
            **extra,
        }


owner_site = OwnerSite()
