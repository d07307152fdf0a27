from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import (
    AdminUserCreationForm,
    ReadOnlyPasswordHashField,
)
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm

from customers.models import Address, KnownBrowser, User


class UserChangeForm(ModelForm[User]):
    password = ReadOnlyPasswordHashField(label=_("password"))

    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007  # the admin's fieldsets choose


class UserAddForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email",)


class AddressInline(TabularInline[Address, User]):
    model = Address
    extra = 0
    fields = ["label", "street_address", "locality", "postal_code", "is_chosen"]
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


class KnownBrowserInline(TabularInline[KnownBrowser, User]):
    model = KnownBrowser
    extra = 0
    fields = ["label", "first_seen_at", "last_seen_at"]
    readonly_fields = fields
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin[User]):
    form = UserChangeForm
    add_form = UserAddForm
    change_password_form = AdminPasswordChangeForm
    inlines = [AddressInline, KnownBrowserInline]
    list_display = ["email", "name", "phone", "is_active", "is_staff", "date_joined"]
    list_filter = ["is_active", "is_guest", "is_staff", "is_superuser"]
    search_fields = ["email", "name", "phone"]
    ordering = ["email"]
    readonly_fields = ["last_login", "date_joined", "phone_verified_at", "is_guest"]
    change_form_before_template = "admin/customers/_user_links.html"
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (
            _("Person"),
            {
                "fields": (
                    *("name", "phone", "phone_verified_at", "is_guest"),
                    *("time_zone", "locale"),
                )
            },
        ),
        (
            _("Rights"),
            {
                "fields": (
                    "is_active",
                    "is_staff",
                    "is_superuser",
                    "groups",
                    "user_permissions",
                )
            },
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_inlines(
        self, request: HttpRequest, obj: User | None
    ) -> list[type[TabularInline[Any, User]]]:
        return self.inlines if obj else []


@admin.register(Address)
class AddressAdmin(ModelAdmin[Address]):
    list_display = ["street_address", "locality", "postal_code", "user", "is_chosen"]
    list_select_related = ["user"]
    search_fields = ["street_address", "postal_code", "user__email"]
    autocomplete_fields = ["user"]
