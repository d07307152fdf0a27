"""Every code that the API answers with, what it means, and which operation has it.

The page of codes, the schema and the tests are made of these tables: a code that is
answered and is not here, or not with its operation, fails the test that meets it.
"""

from collections.abc import Iterable

from django.utils.translation import gettext_noop as _

# What may happen to any request, and what apps are told of it.
PLAIN: dict[int, dict[str, str]] = {
    400: {
        "invalid": _("Some of what was sent is not as it must be; see `errors`."),
        "unknown_field": _("A name was sent that means nothing here; see `errors`."),
        "parse_error": _("The body is not what it says it is."),
        "bad_character": _("A character is not allowed."),
        "bad_request": _("The request cannot be understood."),
    },
    401: {
        "not_authenticated": _(
            "Sign in first: there is no token, or none that is good."
        ),
        "authentication_failed": _("The token is not good, or no longer."),
    },
    403: {
        "permission_denied": _("The token, or its user, may not do this."),
    },
    404: {"not_found": _("There is no such thing, or it is not yours to see.")},
    405: {"method_not_allowed": _("The address takes other methods; see `Allow`.")},
    406: {"not_acceptable": _("Only JSON is answered.")},
    413: {"too_large": _("The request is too large.")},
    415: {"unsupported_media_type": _("Send JSON, as `application/json`.")},
    429: {"throttled": _("Too many requests; wait as `Retry-After` says.")},
    500: {"internal_error": _("Something went wrong here, and has been logged.")},
    503: {
        "geocoder_unavailable": _("Places cannot be looked up just now; try again."),
        "unavailable": _("Not now; ask again in a moment."),
        "streams_elsewhere": _("This site has no streams; ask again now and then."),
    },
}

# What keeps a cart from being ordered: in the `problems` of carts and quotes, and of
# an order that is refused in `errors`, the first of them as the problem's own code.
OF_CARTS = {
    "item_not_available": "It is not on the menu, or not served at that time.",
    "item_sold_out": "It is sold out, or there are too few portions left.",
    "modifier_rule": "The choices break a rule of the menu: too few, too many.",
    "modifier_sold_out": "Something that was chosen with it is sold out.",
    "price_changed": "It costs other than the customer saw; show it and ask.",
    "restaurant_not_live": "The restaurant does not take orders here yet.",
    "restaurant_closed": "The restaurant is closed at that time.",
    "restaurant_paused": "The kitchen takes a break.",
    "restaurant_unattended": "Nobody looks at the orders now; order for later.",
    "fulfilment_not_offered": "The restaurant does not deliver, or offers no pickup.",
    "place_unknown": "There is no place to deliver to yet.",
    "out_of_range": "The restaurant does not deliver there.",
    "address_incomplete": "The street and number to deliver to are missing.",
    "phone_missing": "A phone number for questions is missing.",
    "kitchen_full": "The kitchen has no room at that time; see `proposed_slot`.",
    "slot_passed": "The time that was chosen has passed.",
    "slot_not_offered": "The time that was chosen is none of those offered.",
    "below_minimum": "The order is below the restaurant's minimum.",
    "tip_invalid": "The tip is larger than it can be.",
}

# What an operation refuses, by the status it does so with.
REFUSALS: dict[int, dict[str, str]] = {
    400: {
        "invalid_cursor": "The cursor was not given out by this list.",
        "idempotency_key_missing": (
            "`Idempotency-Key` must be there: 1 to 255 visible characters of ASCII."
        ),
    },
    401: {
        "wrong_sign_in": "That email and password do not belong together.",
        "token_refused": "The refresh token is none, or was used, or is too old.",
    },
    403: {"not_allowed": "Whoever asks may not do this, or no longer."},
    409: {
        **OF_CARTS,
        "cart_empty": "There is nothing in the cart; it may have been ordered.",
        "other_restaurant": (
            "The cart holds food from another restaurant; ask whether to start anew."
        ),
        "window_moved": (
            "The kitchen cannot keep the window shown; `state` has what it can."
        ),
        "not_orderable": "The cart cannot be ordered as it is; see `errors`.",
        "illegal_transition": "This order, or who asks, cannot take that step.",
        "already_moved": "Somebody else was first; `state` says how it is now.",
        "line_change_refused": "The line cannot be replaced or left out like this.",
        "already_proposed": "The customer has not answered the change before.",
        "price_too_high": "A price can be lowered, not raised.",
        "price_format": "The currency has no such small amounts.",
        "not_reviewable": "Only completed orders are rated, and answered, each once.",
        "already_reviewed": "The order has been rated already.",
        "review_too_old": "The rating can no longer be changed.",
        "claim_refused": "This cannot be reported about this order, or no longer.",
        "nothing_chosen": "Nothing was chosen that was missing or wrong.",
        "nothing_to_give_back": "There is nothing left to give back of it.",
        "too_many": "More than there is, or than anybody needs.",
        "answer_empty": "A refusal needs words for the customer.",
        "answer_too_long": "The answer is too long.",
        "refund_out_of_range": "The refund is larger than what was asked for.",
        "delivery_ended": "The delivery has ended, or is another courier's by now.",
        "step_not_due": "An earlier step is missing; they are taken in order.",
        "email_taken": "There is already an account with this email.",
        "account_obstructed": "Something stands in the way; `state` says what.",
        "webhook_taken": "There is a webhook at this address already.",
        "webhook_inactive": "The webhook is switched off; switch it on first.",
        "not_replayable": "It is being sent already.",
    },
    422: {
        "item_refused": "It cannot be put into the cart like this.",
        "item_not_available": OF_CARTS["item_not_available"],
        "item_sold_out": OF_CARTS["item_sold_out"],
        "modifier_rule": OF_CARTS["modifier_rule"],
        "modifier_sold_out": OF_CARTS["modifier_sold_out"],
        "idempotency_key_reused": (
            "The key was sent before with another body; a new order needs a new key."
        ),
        "receipt_refused": "There is no receipt yet, or no address to mail it to.",
        "email_off": "The user has switched these emails off.",
        "too_soon": "It was sent less than a minute ago.",
        "link_expired": "The link is too old or was used already.",
        "too_many_addresses": "No more addresses can be kept; delete one first.",
        "no_phone": "Save a phone number first.",
        "no_texts": "Text messages cannot be sent at the moment.",
        "code_just_sent": "A code is on its way; wait a minute.",
        "wrong_code": "That is not the code that was sent.",
        "code_expired": "The code is no longer good; ask for a new one.",
        "unknown_category": "No category has that name, or not that channel.",
        "always_on": "Security news cannot be turned off.",
        "quiet_hours": "Quiet hours need two different ends, or none.",
        "do_not_disturb": "Do not disturb lasts a year at most.",
        "endpoint": "A push service must be at a public https address.",
        "unknown_topic": "There is no topic of that name.",
        "event": "The database cannot hold the event's words.",
        "webhook_address": (
            "A webhook must be at a public https address, at port 443 or above 1023."
        ),
        "too_many_webhooks": "A restaurant has ten webhooks at most.",
    },
    429: {"too_many_attempts": "Too often in too short a time; see `Retry-After`."},
}

# What can be wrong with a field: only in `errors`, with a 400.
OF_FIELDS = {
    "required": "It must be there.",
    "null": "It must not be null.",
    "blank": "It must not be empty.",
    "empty": "It must have an entry at least.",
    "invalid": "It has not the form it must have.",
    "invalid_choice": "It is none of what can be chosen.",
    "min_length": "It is too short.",
    "max_length": "It is too long.",
    "min_value": "It is too small.",
    "max_value": "It is too large.",
    "overflow": "It is further away than dates go.",
    "max_string_length": "The number has too many digits.",
    "not_a_list": "It must be a list.",
    "not_a_dict": "It must be an object.",
    "date": "It must be a day without a time.",
    "datetime": "It must be a moment, not only a day.",
    "make_aware": "There is no such time where it is meant.",
    "null_characters_not_allowed": "It must have no NUL in it.",
    "surrogate_characters_not_allowed": "It must have no half characters in it.",
    "not_found": "It names nothing that is there, or is yours.",
    "does_not_exist": "It names nothing that is there, or is yours.",
    "unknown_recipient": "It names nobody who has an account.",
    "other_currency": "The restaurant's prices are in another currency.",
    "invalid_phone": "It is no phone number.",
    "address_not_found": "Nobody knows where that is.",
    "geocoder_unavailable": "Addresses cannot be looked up just now.",
    "email_taken": "There is already an account with this email.",
    "same": "It is what it was before.",
    "wrong": "It is not what it must repeat.",
    "wrong_password": "It is not the user's password.",
    "password_too_short": "The password is too short.",
    "password_too_common": "The password is one that many have.",
    "password_too_similar": "The password is too much like the name or email.",
    "password_entirely_numeric": "The password has digits only.",
    "password_mismatch": "The two passwords are not the same.",
}

# Which refusals an operation has beyond what may happen to any request.
CHOOSING = ("item_not_available", "item_sold_out", "modifier_rule", "modifier_sold_out")
MOVED = ("illegal_transition", "already_moved")
CHANGES = (
    *(*MOVED, "line_change_refused", "already_proposed", "item_sold_out"),
    *("price_too_high", "price_format"),
)
CLAIMS = ("claim_refused", "nothing_chosen", "nothing_to_give_back", "too_many")
OF_COURIERS: dict[int, Iterable[str]] = {
    409: ["delivery_ended", "step_not_due", *MOVED],
    429: ["too_many_attempts"],
}
OF_OPERATIONS: dict[str, dict[int, Iterable[str]]] = {
    "sign_up": {409: ["email_taken"], 429: ["too_many_attempts"]},
    "sign_in": {401: ["wrong_sign_in"], 429: ["too_many_attempts"]},
    "refresh_tokens": {401: ["token_refused"]},
    "mail_sign_in_link": {429: ["too_many_attempts"]},
    "use_sign_in_link": {422: ["link_expired"], 429: ["too_many_attempts"]},
    "mail_password_link": {429: ["too_many_attempts"]},
    "sign_out_everywhere": {429: ["too_many_attempts"]},
    "change_password": {429: ["too_many_attempts"]},
    "change_email": {409: ["email_taken"], 429: ["too_many_attempts"]},
    "delete_account": {409: ["account_obstructed"], 429: ["too_many_attempts"]},
    "download_data": {429: ["too_many_attempts"]},
    "send_phone_code": {
        422: ["no_phone", "no_texts", "code_just_sent"],
        429: ["too_many_attempts"],
    },
    "verify_phone": {
        422: ["no_phone", "wrong_code", "code_expired"],
        429: ["too_many_attempts"],
    },
    "add_address": {
        422: ["too_many_addresses"],
        429: ["too_many_attempts"],
        503: (),
    },
    "change_address": {429: ["too_many_attempts"], 503: ()},
    "change_preferences": {
        422: ["unknown_category", "always_on", "quiet_hours", "do_not_disturb"]
    },
    "list_inbox": {400: ["invalid_cursor"]},
    "register_webpush_device": {422: ["endpoint"]},
    "publish_event": {422: ["unknown_topic", "event"]},
    "list_restaurants": {400: ["invalid_cursor"]},
    "list_reviews": {400: ["invalid_cursor"]},
    "list_favourites": {400: ["invalid_cursor"]},
    "add_cart_line": {
        409: ["other_restaurant"],
        422: [*CHOOSING, "item_refused"],
    },
    "replace_cart": {422: [*CHOOSING, "item_refused"]},
    "change_cart_line": {422: [*CHOOSING, "item_refused"]},
    "quote_cart": {409: ["cart_empty"]},
    "place_order": {
        400: ["idempotency_key_missing"],
        409: ["cart_empty", "not_orderable", "window_moved", *OF_CARTS],
        422: ["idempotency_key_reused", "item_sold_out"],
    },
    "list_orders": {400: ["invalid_cursor"]},
    "cancel_order": {409: MOVED},
    "order_again": {409: ["other_restaurant"]},
    "email_receipt": {422: ["receipt_refused", "email_off", "too_soon"]},
    "answer_line_change": {409: [*CHANGES, "price_changed"]},
    "review_order": {409: ["not_reviewable", "already_reviewed", "review_too_old"]},
    "quote_claim": {409: CLAIMS},
    "report_claim": {409: CLAIMS},
    "get_courier_delivery": {429: ["too_many_attempts"]},
    "pick_up_delivery": OF_COURIERS,
    "report_arrival": OF_COURIERS,
    "hand_over_delivery": OF_COURIERS,
    "give_back_delivery": OF_COURIERS,
    "share_courier_position": OF_COURIERS,
    "list_owner_orders": {400: ["invalid_cursor"]},
    "list_owner_claims": {400: ["invalid_cursor"]},
    "list_owner_reviews": {400: ["invalid_cursor"]},
    "list_owner_restaurants": {400: ["invalid_cursor"]},
    "list_owner_webhook_messages": {400: ["invalid_cursor"], 403: ["not_allowed"]},
    "accept_owner_order": {409: MOVED},
    "reject_owner_order": {409: MOVED},
    "cancel_owner_order": {409: MOVED},
    "keep_owner_order": {409: MOVED},
    "start_owner_order": {409: MOVED},
    "mark_owner_order_ready": {409: MOVED},
    "send_owner_order_out": {409: MOVED},
    "complete_owner_order": {409: MOVED},
    "delay_owner_order": {409: MOVED},
    "assign_owner_courier": {409: ["delivery_ended", *MOVED]},
    "preview_owner_line_change": {409: CHANGES},
    "propose_owner_line_change": {409: CHANGES},
    "withdraw_owner_line_change": {409: MOVED},
    "answer_owner_claim": {
        409: [
            *("already_moved", "claim_refused", "answer_empty", "answer_too_long"),
            *("refund_out_of_range", "price_format"),
        ]
    },
    "answer_owner_review": {409: ["not_reviewable"]},
    "list_owner_webhooks": {403: ["not_allowed"]},
    "get_owner_webhook": {403: ["not_allowed"]},
    "add_owner_webhook": {
        403: ["not_allowed"],
        409: ["webhook_taken"],
        422: ["webhook_address", "too_many_webhooks"],
    },
    "change_owner_webhook": {
        403: ["not_allowed"],
        409: ["webhook_taken"],
        422: ["webhook_address"],
    },
    "remove_owner_webhook": {403: ["not_allowed"]},
    "rotate_owner_webhook_secret": {403: ["not_allowed"]},
    "test_owner_webhook": {403: ["not_allowed"], 409: ["webhook_inactive"]},
    "replay_owner_webhook_message": {
        403: ["not_allowed"],
        409: ["webhook_inactive", "not_replayable"],
    },
}

# What `state` is, by code, and by operation for the rest of its codes.
OF_AN_ORDER = "the order's `status`, and `since` when"
STATES = {
    "place_order": "what could be ordered now, a `Quote`",
    "report_claim": OF_AN_ORDER,
    "review_order": OF_AN_ORDER,
    "answer_line_change": OF_AN_ORDER,
    "cart_empty": "`item_count`, which is 0",
    "other_restaurant": "`restaurant_id` and `restaurant_name` of what is in the cart",
    "account_obstructed": "`order_ids`, `restaurant_ids` and `is_operator`",
    "delivery_ended": "the delivery's `status`, and `order_status`",
    "step_not_due": "the delivery's `status`, and `order_status`",
    "illegal_transition": OF_AN_ORDER,
    "already_moved": (
        f"{OF_AN_ORDER}; `ending_since` where it is being ended, `line_change_status` "
        "where the answer to a change came first"
    ),
}


def own_codes(operation_id: str, status: int) -> list[str]:
    """Return the codes that an operation refuses with, by a status."""
    return list(OF_OPERATIONS.get(operation_id, {}).get(status, ()))


def codes_of(operation_id: str, status: int) -> list[str]:
    """Return every code that an operation may answer with a status, its own first."""
    return [*own_codes(operation_id, status), *PLAIN.get(status, {})]


def words_of(status: int, code: str) -> str:
    """Return what a code means."""
    for table in (REFUSALS, PLAIN):
        if code in table.get(status, {}):
            return table[status][code]
    raise KeyError((status, code))


def list_codes() -> list[tuple[str, list[int], str]]:
    """Return every code with its statuses and what it means, by code."""
    found: dict[str, tuple[set[int], str]] = {}
    fields = {400: OF_FIELDS}
    for table in (REFUSALS, PLAIN, fields):
        for status, codes in table.items():
            for code, words in codes.items():
                found.setdefault(code, (set(), words))[0].add(status)
    return [(code, sorted(found[code][0]), found[code][1]) for code in sorted(found)]


PROBLEM_CODES = sorted(
    {code for table in (PLAIN, REFUSALS) for codes in table.values() for code in codes}
)
FAULT_CODES = sorted(
    {"unknown_field", *OF_FIELDS, *REFUSALS[400], *REFUSALS[409], *REFUSALS[422]}
)
