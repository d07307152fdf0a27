"""What can be wrong with what a person asks of their notifications."""


class NotificationError(Exception):
    code = "notification_error"


class UnknownCategoryError(NotificationError):
    """No app has a category of that name, or it does not use that channel."""

    code = "unknown_category"


class AlwaysOnError(NotificationError):
    """Security news cannot be turned off."""

    code = "always_on"


class QuietHoursError(NotificationError):
    """Quiet hours need two different ends, or none."""

    code = "quiet_hours"


class DoNotDisturbError(NotificationError):
    """Do not disturb lasts a year at most."""

    code = "do_not_disturb"


class UnknownTopicError(NotificationError):
    """No app declares a topic of that name."""

    code = "unknown_topic"


class EventError(NotificationError):
    """The database cannot hold the event's words."""

    code = "event"


class EndpointError(NotificationError):
    """A browser's push service must be at a public https address."""

    code = "endpoint"


class CampaignStateError(NotificationError):
    """A campaign in this state cannot do that."""

    code = "campaign_state"


class CampaignStartError(NotificationError):
    """Its start has passed everywhere."""

    code = "campaign_start_passed"


class WebhookAddressError(NotificationError):
    """A webhook must be at a public https address, at port 443 or one above 1023."""

    code = "webhook_address"


class WebhookTakenError(NotificationError):
    """There is a webhook at this address already."""

    code = "webhook_taken"


class TooManyWebhooksError(NotificationError):
    """A restaurant has ten webhooks at most."""

    code = "too_many_webhooks"


class WebhookInactiveError(NotificationError):
    """Nothing is sent to a webhook that is switched off; switch it on first."""

    code = "webhook_inactive"


class NotReplayableError(NotificationError):
    """It is being sent already."""

    code = "not_replayable"
