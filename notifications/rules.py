"""Whether a message may go to a person now (pure): the one place that decides it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from notifications.legal_hours import end_of_forbidden_hours
from notifications.models import Channel, Priority
from notifications.people import Person
from notifications.quiet_hours import end_of_quiet, zone_of
from notifications.topics import Kind, Topic

# Not everybody's quiet hours shall end in the same second for the providers.
SPREAD_SECONDS = 600


class Decision(NamedTuple):
    """Send it, unless there is a reason: then not at all, or not before `due_at`."""

    reason: str = ""
    due_at: datetime | None = None


SEND = Decision()


def decide(topic: Topic, channel: str, person: Person, now: datetime) -> Decision:
    """Decide about one channel of a topic for a person who is there to be told.

    Critical topics stop for nothing but a dead address. Standard ones respect what
    the person chose and do-not-disturb; bulk ones quiet hours as well, and in texts
    the law's. The inbox disturbs nobody.
    """
    if channel in person.suppressed:
        return Decision(f"suppressed_{person.suppressed[channel]}")
    # Servers do not sleep, and whoever asked for them has asked.
    if topic.priority == Priority.CRITICAL or channel == Channel.WEBHOOK:
        return SEND
    category = topic.category
    wish = (
        person.preferences.get((category.name, channel)) if person.preferences else None
    )
    is_on = category.is_on(channel) if wish is None else wish
    if not is_on and category.kind != Kind.SYSTEM:
        return Decision("preference")
    if channel == Channel.IN_APP:
        return SEND
    decision = SEND if person.rest is None else _respect_rest(topic, person, now)
    if topic.priority == Priority.BULK and channel == Channel.SMS:
        return _respect_law(person, now, decision)
    return decision


def _respect_rest(topic: Topic, person: Person, now: datetime) -> Decision:
    assert person.rest is not None
    quiet_from, quiet_until, do_not_disturb_until = person.rest
    decision = SEND
    if do_not_disturb_until is not None and do_not_disturb_until > now:
        decision = Decision("do_not_disturb", do_not_disturb_until)
    if topic.priority == Priority.BULK and quiet_from is not None:
        assert quiet_until is not None
        moment = decision.due_at or now
        end = end_of_quiet(moment, zone_of(person.time_zone), quiet_from, quiet_until)
        if end is not None:
            decision = Decision("quiet_hours", end + _spread(person))
    return decision


def _respect_law(person: Person, now: datetime, decision: Decision) -> Decision:
    """Put an offer off until it may be texted, if that is later than it would go."""
    moment = decision.due_at or now
    end = end_of_forbidden_hours(moment, person.phone, person.time_zone)
    if end is None:
        return decision
    return Decision("legal_hours", end + _spread(person))


def _spread(person: Person) -> timedelta:
    return timedelta(seconds=person.pk % SPREAD_SECONDS)
