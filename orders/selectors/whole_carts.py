"""A cart with all that pricing it asks for, in one statement.

Through the ORM these are nine queries, which take longer to be made than answered.
"""

from dataclasses import dataclass
from functools import cache

from menus.models import Item, Menu, MenuHours, Modifier, ModifierGroup, Section
from notifications.prepared import fetch_rows
from orders.models import CartLine, CartLineModifier
from orders.selectors.rows import (
    Models,
    make_instances,
    put_children,
    put_pairs,
    with_columns,
)
from restaurants.models import Region, Restaurant

# Which model each name of the statement stands for, in the order of its answer.
MODELS: Models = {
    "restaurant": Restaurant,
    "region": Region,
    "line": CartLine,
    "chosen": CartLineModifier,
    "item": Item,
    "section": Section,
    "menu": Menu,
    "hours": MenuHours,
    "asked": ModifierGroup,
    "modifier": Modifier,
}
SQL = """
WITH restaurant AS (
    SELECT r.* FROM restaurants_restaurant r
      JOIN orders_cart c ON c.restaurant_id = r.id WHERE c.id = %(cart)s),
line AS (
    SELECT * FROM orders_cartline WHERE cart_id = %(cart)s),
chosen AS (
    SELECT c.* FROM orders_cartlinemodifier c JOIN line ON line.id = c.line_id),
item AS (
    SELECT * FROM menus_item WHERE id IN (SELECT item_id FROM line)),
section AS (
    SELECT * FROM menus_section WHERE id IN (SELECT section_id FROM item)),
offer AS (
    SELECT o.* FROM menus_itemmodifiergroup o JOIN item ON item.id = o.item_id),
nested AS (
    SELECT n.modifier_id, n.modifiergroup_id AS group_id
      FROM menus_modifier_nested_groups n
      JOIN menus_modifier m ON m.id = n.modifier_id
     WHERE m.group_id IN (SELECT group_id FROM offer)),
asked AS (
    SELECT * FROM menus_modifiergroup
     WHERE id IN (SELECT group_id FROM offer UNION SELECT group_id FROM nested)),
modifier AS (
    SELECT * FROM menus_modifier WHERE group_id IN (SELECT id FROM asked)
     UNION
    SELECT * FROM menus_modifier WHERE id IN (SELECT modifier_id FROM chosen))
SELECT
  ARRAY(SELECT ROW({restaurant}) FROM restaurant),
  ARRAY(SELECT ROW({region}) FROM restaurants_region region
         WHERE id IN (SELECT region_id FROM restaurant)),
  ARRAY(SELECT ROW({line}) FROM line ORDER BY id),
  ARRAY(SELECT ROW({chosen}) FROM chosen ORDER BY id),
  ARRAY(SELECT ROW({item}) FROM item),
  ARRAY(SELECT ROW({section}) FROM section),
  ARRAY(SELECT ROW({menu}) FROM menus_menu menu
         WHERE id IN (SELECT menu_id FROM section)),
  ARRAY(SELECT ROW({hours}) FROM menus_menuhours hours
         WHERE menu_id IN (SELECT menu_id FROM section) ORDER BY weekday, opens_at),
  ARRAY(SELECT ROW({asked}) FROM asked),
  ARRAY(SELECT ROW({modifier}) FROM modifier ORDER BY position, id),
  ARRAY(SELECT ROW(item_id, group_id) FROM offer ORDER BY position, id),
  ARRAY(SELECT ROW(nested.modifier_id, asked.id) FROM nested
          JOIN asked ON asked.id = nested.group_id ORDER BY asked.name, asked.id)
"""


@dataclass(frozen=True)
class WholeCart:
    """What a cart holds, and the restaurant with its region.

    Each line has its item, as from load_items, and the modifiers chosen on it.
    """

    restaurant: Restaurant
    lines: list[CartLine]


def load_whole_cart(*, cart_pk: int) -> WholeCart | None:
    """Return what is in a cart as it is now; None when nothing is."""
    [tables] = fetch_rows(_query(), {"cart": cart_pk})
    offers, nested = tables[len(MODELS) :]
    made = make_instances(MODELS, tables[: len(MODELS)])
    if not made["restaurant"] or not made["line"]:
        return None
    [restaurant] = made["restaurant"].values()
    [restaurant.region] = made["region"].values()
    put_children(made["line"], "modifiers", made["chosen"], "line_id")
    put_children(made["menu"], "hours", made["hours"], "menu_id")
    put_children(made["asked"], "modifiers", made["modifier"], "group_id")
    put_pairs(made["item"], "modifier_groups", made["asked"], offers)
    put_pairs(made["modifier"], "nested_groups", made["asked"], nested)
    for section in made["section"].values():
        section.menu = made["menu"][section.menu_id]
    for item in made["item"].values():
        item.section = made["section"][item.section_id]
        if item.restaurant_id == restaurant.pk:
            item.restaurant = restaurant
    for row in made["chosen"].values():
        row.modifier = made["modifier"][row.modifier_id]
    for line in made["line"].values():
        line.item = made["item"][line.item_id]
    return WholeCart(restaurant, list(made["line"].values()))


@cache
def _query() -> str:
    return with_columns(SQL, MODELS)
