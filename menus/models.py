import uuid
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from restaurants.models import Restaurant, Weekday


class Diet(models.TextChoices):
    VEGETARIAN = "vegetarian", _("Vegetarian")
    VEGAN = "vegan", _("Vegan")
    GLUTEN_FREE = "gluten_free", _("Gluten-free")
    HALAL = "halal", _("Halal")
    KOSHER = "kosher", _("Kosher")
    SPICY = "spicy", _("Spicy")


class Allergen(models.TextChoices):
    """The fourteen of Regulation (EU) No 1169/2011, Annex II."""

    GLUTEN = "gluten", _("Gluten")
    CRUSTACEANS = "crustaceans", _("Crustaceans")
    EGGS = "eggs", _("Eggs")
    FISH = "fish", _("Fish")
    PEANUTS = "peanuts", _("Peanuts")
    SOYBEANS = "soybeans", _("Soybeans")
    MILK = "milk", _("Milk")
    NUTS = "nuts", _("Nuts")
    CELERY = "celery", _("Celery")
    MUSTARD = "mustard", _("Mustard")
    SESAME = "sesame", _("Sesame")
    SULPHITES = "sulphites", _("Sulphites")
    LUPIN = "lupin", _("Lupin")
    MOLLUSCS = "molluscs", _("Molluscs")


def _labels(kinds: type[models.TextChoices], codes: list[str]) -> list[str]:
    words = dict(kinds.choices)
    return [str(words.get(code, code)) for code in codes]


def is_sold_out(
    until: datetime | None, moment: datetime, *, portions_left: int | None = None
) -> bool:
    """Tell whether what is sold out until then, or has so many left, is so now."""
    return portions_left == 0 or (until is not None and until > moment)


class Menu(models.Model):
    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="menus")
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("shown to customers"), default=True)
    source_id = models.CharField(max_length=80, blank=True, editable=False)
    # A draft is edited apart from the menu it will replace once it is published.
    draft_of = models.OneToOneField(
        "self",
        models.CASCADE,
        related_name="draft",
        null=True,
        blank=True,
        editable=False,
    )

    # Set by list_menus_for_editing.
    has_draft: bool

    class Meta:
        verbose_name = _("menu")
        verbose_name_plural = _("menus")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(draft_of=None) | models.Q(is_active=False),
                name="menu_draft_not_shown",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MenuHours(models.Model):
    """When a menu can be ordered from; a menu without rows always can.

    Times are local to the restaurant and may run past midnight, like OpeningHours.
    """

    menu = models.ForeignKey(Menu, models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    opens_at = models.TimeField(_("from"))
    closes_at = models.TimeField(_("until"))

    class Meta:
        verbose_name = _("availability hours")
        verbose_name_plural = _("availability hours")
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["menu", "weekday", "opens_at"], name="menu_hours_unique"
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"
        )


class Section(models.Model):
    menu = models.ForeignKey(Menu, models.CASCADE, related_name="sections")
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    source_id = models.CharField(max_length=80, blank=True, editable=False)
    # In a draft menu: the section it will become.
    draft_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        related_name="drafts",
        null=True,
        blank=True,
        editable=False,
    )

    class Meta:
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class ModifierGroup(models.Model):
    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="modifier_groups"
    )
    name = models.CharField(_("name"), max_length=100)
    min_choices = models.PositiveSmallIntegerField(_("least choices"), default=0)
    max_choices = models.PositiveSmallIntegerField(_("most choices"), default=1)
    source_id = models.CharField(max_length=80, blank=True, editable=False)

    class Meta:
        verbose_name = _("modifier group")
        verbose_name_plural = _("modifier groups")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_choices__gte=1)
                & models.Q(min_choices__lte=models.F("max_choices")),
                name="modifier_group_bounds",
                violation_error_message=_(
                    "The most choices must be at least one, and not below the least."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Modifier(models.Model):
    group = models.ForeignKey(ModifierGroup, models.CASCADE, related_name="modifiers")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    price_difference = models.DecimalField(
        _("price difference"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    diets = ArrayField(
        models.CharField(max_length=20, choices=Diet), default=list, blank=True
    )
    allergens = ArrayField(
        models.CharField(max_length=20, choices=Allergen), default=list, blank=True
    )
    sold_out_until = models.DateTimeField(_("sold out until"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    # Groups asked for once this modifier is chosen: one level, kept by services.
    nested_groups = models.ManyToManyField(
        ModifierGroup,
        related_name="parent_modifiers",
        blank=True,
        verbose_name=_("asks further for"),
    )
    # The same thing as an item of its own: both are sold out together.
    linked_item = models.ForeignKey(
        "Item",
        models.SET_NULL,
        related_name="linked_modifiers",
        null=True,
        blank=True,
        verbose_name=_("is the item"),
        help_text=_("Sold out together with it."),
    )
    source_id = models.CharField(max_length=80, blank=True, editable=False)

    class Meta:
        verbose_name = _("modifier")
        verbose_name_plural = _("modifiers")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def is_sold_out_at(self, moment: datetime) -> bool:
        return is_sold_out(self.sold_out_until, moment)

    @property
    def allergen_labels(self) -> list[str]:
        return _labels(Allergen, self.allergens)


class Item(models.Model):
    restaurant = models.ForeignKey(Restaurant, models.CASCADE, related_name="items")
    section = models.ForeignKey(Section, models.CASCADE, related_name="items")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(
        _("code"), max_length=80, blank=True, help_text=_("Your own code for it.")
    )
    name = models.CharField(_("name"), max_length=150)
    description = models.CharField(_("description"), max_length=500, blank=True)
    photo = models.ImageField(_("photo"), upload_to="items", blank=True)
    drawing = models.CharField(max_length=120, blank=True, editable=False)
    price = models.DecimalField(_("price"), max_digits=10, decimal_places=2)
    tax_rate = models.DecimalField(
        _("tax rate in per cent"),
        max_digits=6,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("Only where it differs from the restaurant's."),
    )
    diets = ArrayField(
        models.CharField(max_length=20, choices=Diet),
        default=list,
        blank=True,
        verbose_name=_("dietary labels"),
    )
    allergens = ArrayField(
        models.CharField(max_length=20, choices=Allergen),
        default=list,
        blank=True,
        verbose_name=_("allergens"),
    )
    sold_out_until = models.DateTimeField(_("sold out until"), null=True, blank=True)
    portions_left = models.PositiveIntegerField(
        _("portions left"),
        null=True,
        blank=True,
        help_text=_("Counts down with each order. Empty means not counted."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("shown to customers"), default=True)
    modifier_groups = models.ManyToManyField(
        ModifierGroup,
        through="ItemModifierGroup",
        related_name="items",
        blank=True,
        verbose_name=_("modifier groups"),
    )
    source_id = models.CharField(max_length=80, blank=True, editable=False)
    # On a draft menu, and there the item it will become, unless it is new.
    is_draft = models.BooleanField(default=False, editable=False)
    draft_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        related_name="drafts",
        null=True,
        blank=True,
        editable=False,
    )

    # Set by get_menu_for_customer for the moment that was asked about.
    is_available: bool
    unavailable_reason: str
    # Set by list_menus_for_editing.
    group_names: list[str]

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price__gte=0), name="item_price_not_negative"
            ),
            models.UniqueConstraint(
                fields=["restaurant", "source_id"],
                condition=~models.Q(source_id=""),
                name="item_source_unique",
            ),
            models.UniqueConstraint(
                fields=["restaurant", "code"],
                condition=~models.Q(code="") & models.Q(is_draft=False),
                name="item_code_unique",
                violation_error_message=_("Another item has this code."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def diet_labels(self) -> list[str]:
        return _labels(Diet, self.diets)

    @property
    def allergen_labels(self) -> list[str]:
        return _labels(Allergen, self.allergens)

    def is_sold_out_at(self, moment: datetime) -> bool:
        left = self.portions_left
        return is_sold_out(self.sold_out_until, moment, portions_left=left)


class ItemModifierGroup(models.Model):
    item = models.ForeignKey(Item, models.CASCADE, related_name="item_modifier_groups")
    group = models.ForeignKey(
        ModifierGroup, models.CASCADE, related_name="item_modifier_groups"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("modifier group of an item")
        verbose_name_plural = _("modifier groups of an item")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "group"], name="item_modifier_group_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} · {self.group}"


# The summary of what is no change yet: an item that was taken out of a draft, as rows
# of {"draft", "item"} with the keys of the draft and of the live item.
DRAFT_MARK = ""


class MenuChange(models.Model):
    """Who changed what on a restaurant's menus, with what it takes to go back."""

    restaurant = models.ForeignKey(
        Restaurant, models.CASCADE, related_name="menu_changes"
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        related_name="+",
        null=True,
        verbose_name=_("by"),
    )
    summary = models.CharField(_("change"), max_length=200)
    # A list of {"model", "pk", "name", "before", "after"}: the values that differ, by
    # field; null where the row did not exist.
    rows = models.JSONField(default=list)
    # The later change that took this one back.
    undone_by = models.OneToOneField(
        "self", models.SET_NULL, related_name="undoes", null=True, editable=False
    )

    class Meta:
        verbose_name = _("menu change")
        verbose_name_plural = _("menu changes")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(
                fields=["restaurant", "-at", "-id"], name="menu_change_newest"
            ),
        ]

    def __str__(self) -> str:
        return self.summary
