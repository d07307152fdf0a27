from django.db import migrations

# Of items of a restaurant that share a code, the oldest keeps it.
CLEAR = """
    UPDATE menus_item i SET code = '' WHERE code <> '' AND EXISTS (
        SELECT FROM menus_item o WHERE o.restaurant_id = i.restaurant_id
           AND o.code = i.code AND o.id < i.id)
"""


class Migration(migrations.Migration):
    dependencies = [("menus", "0001_initial")]
    operations = [migrations.RunSQL(CLEAR, migrations.RunSQL.noop)]
