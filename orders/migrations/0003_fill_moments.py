from django.db import migrations

# What new columns say of old orders is in their events.
FILL = """
    UPDATE orders_order o SET
        due_at = coalesce(o.accepted_at, o.scheduled_for, o.placed_at)
                 + make_interval(mins => o.preparation_minutes),
        ready_at = (SELECT min(e.at) FROM orders_orderevent e WHERE e.order_id = o.id
                     AND e.to_status = 'ready' AND e.from_status <> 'ready'),
        out_at = (SELECT min(e.at) FROM orders_orderevent e WHERE e.order_id = o.id
                   AND e.to_status = 'out_for_delivery'
                   AND e.from_status <> 'out_for_delivery'),
        end_actor = coalesce((SELECT min(e.actor) FROM orders_orderevent e
                   WHERE e.order_id = o.id AND e.to_status = o.status
                   AND o.status IN ('rejected', 'cancelled')), ''),
        end_reason = coalesce((SELECT min(e.reason) FROM orders_orderevent e
                   WHERE e.order_id = o.id AND e.to_status = o.status
                   AND o.status IN ('rejected', 'cancelled')), '')
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_owner_portal")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
