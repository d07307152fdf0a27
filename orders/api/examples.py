"""What the schema shows of carts and orders: one dinner for two, in the Mission."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

RESTAURANT_ID = "0b0c9c5e-62a4-4f0e-8a53-0f6d5e1d2c11"
ORDER_ID = "9c1c86e8-6f6e-4d8a-8bb5-0f8c5f0b7d5d"
ITEM_ID = "8d3f1f0e-5b0a-4c39-9f43-2f9d3b1c7a55"
LINE_ID = "4c2ad6f5-6a5b-4e7e-9f5f-8f3fd4d13d59"
URL = f"https://tiffin.example/orders/{ORDER_ID}/"
TIME_ZONE = "America/Los_Angeles"


MISSION = {
    "street_address": "2100 Mission Street",
    "locality": "San Francisco",
    "postal_code": "94110",
    "country": "US",
    "latitude": 37.7629,
    "longitude": -122.4194,
}


def _usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


AMOUNTS = {
    "subtotal": _usd(2500),
    "delivery_fee": _usd(299),
    "tax": _usd(216),
    "tip": _usd(375),
    "total": _usd(3390),
}
ORDER: dict[str, Any] = {
    "id": ORDER_ID,
    "number": 1047,
    "short_number": "047",
    "status": "accepted",
    "status_since": "2026-11-21T03:02:00Z",
    "status_text": "Trattoria Contadina is on it.",
    "fulfilment": "delivery",
    "is_test": False,
    "is_overdue": False,
    "lateness_text": None,
    "timeline": [
        {
            "status": "placed",
            "text": "You placed the order",
            "state": "done",
            "at": "2026-11-21T03:00:00Z",
        },
        {
            "status": "accepted",
            "text": "Accepted by the restaurant",
            "state": "now",
            "at": "2026-11-21T03:02:00Z",
        },
        {"status": "ready", "text": "Ready", "state": "next", "at": None},
        {"status": "delivered", "text": "Delivered", "state": "next", "at": None},
    ],
    "next_steps": [],
    "ending": None,
    "restaurant": {
        "id": RESTAURANT_ID,
        "name": "Trattoria Contadina",
        "phone": "+14155550100",
        "address": {
            "street_address": "3180 18th Street",
            "locality": "San Francisco",
            "postal_code": "94110",
            "country": "US",
            "latitude": 37.7599,
            "longitude": -122.4148,
        },
    },
    "time_zone": TIME_ZONE,
    "placed_at": "2026-11-21T03:00:00Z",
    "scheduled_for": None,
    "answer_by": "2026-11-21T03:10:00Z",
    "promised_from": "2026-11-21T03:30:00Z",
    "promised_until": "2026-11-21T03:45:00Z",
    "current_from": "2026-11-21T03:30:00Z",
    "current_until": "2026-11-21T03:45:00Z",
    "ready_at": None,
    "ended_at": None,
    "lines": [
        {
            "id": LINE_ID,
            "item_id": ITEM_ID,
            "name": "Margherita",
            "quantity": 2,
            "unit_price": _usd(1250),
            "amount": _usd(2500),
            "modifiers": [],
            "allergens": ["gluten", "milk"],
            "note": "Well done, please",
        }
    ],
    **AMOUNTS,
    "refunded": _usd(0),
    "prices_include_tax": False,
    "payment": {"method": "cash", "status": "pending"},
    "customer_name": "Ada Diner",
    "customer_phone": "+14155550123",
    "address": {
        "text": "2100 Mission Street, 94110, San Francisco, US",
        "latitude": 37.7629,
        "longitude": -122.4194,
        "instructions": "Second bell",
    },
    "distance_meters": 524,
    "kitchen_note": "No cutlery, please",
    "delivery": {
        "status": "requested",
        "courier_name": None,
        "courier_phone": None,
        "position": None,
        "distance_meters": None,
    },
    "line_changes": [],
    "review": None,
    "claim": None,
    "links": {
        "web": URL,
        "stream": f"https://tiffin.example/api/v1/orders/{ORDER_ID}/stream",
    },
}
SUMMARY = {
    "id": ORDER_ID,
    "number": 1047,
    "short_number": "047",
    "status": "accepted",
    "status_text": "Accepted",
    "end_reason": None,
    "fulfilment": "delivery",
    "is_test": False,
    "restaurant": {"id": RESTAURANT_ID, "name": "Trattoria Contadina"},
    "time_zone": TIME_ZONE,
    "placed_at": "2026-11-21T03:00:00Z",
    "scheduled_for": None,
    "current_from": "2026-11-21T03:30:00Z",
    "current_until": "2026-11-21T03:45:00Z",
    "ended_at": None,
    "total": _usd(3390),
    "refunded": _usd(0),
    "lines": [{"name": "Margherita", "quantity": 2}],
    "food_rating": None,
    "claim_status": None,
    "next_steps": [],
}
SHARED = ("number", "short_number", "restaurant", "time_zone", "placed_at")
RECEIPT = {
    "order_id": ORDER_ID,
    **{name: ORDER[name] for name in (*SHARED, "customer_name", "address", "lines")},
    "is_complete": True,
    "ended_at": "2026-11-21T03:41:00Z",
    **AMOUNTS,
    "refunded": _usd(0),
    "paid": _usd(3390),
    "prices_include_tax": False,
    "payment": {"method": "cash", "status": "paid"},
}
QUOTE = {
    "restaurant_id": RESTAURANT_ID,
    "fulfilment": "delivery",
    "address": MISSION,
    "lines": [
        {
            "line_id": LINE_ID,
            "quantity": 2,
            "unit_price": _usd(1250),
            "amount": _usd(2500),
        }
    ],
    **AMOUNTS,
    "prices_include_tax": False,
    "distance_meters": 524,
    "scheduled_for": None,
    "window_from": "2026-11-21T03:30:00Z",
    "window_until": "2026-11-21T03:45:00Z",
    "time_zone": TIME_ZONE,
    "can_order": True,
    "problems": [],
    "proposed_slot": None,
}

AN_ORDER = OpenApiExample("An order", value=ORDER, response_only=True)
ORDERS = OpenApiExample(
    "One order", value={"results": [SUMMARY], "next": None}, response_only=True
)
A_RECEIPT = OpenApiExample("A receipt", value=RECEIPT, response_only=True)
A_QUOTE = OpenApiExample("A quote", value=QUOTE, response_only=True)
SLOTS = OpenApiExample(
    "This evening",
    value={
        "fulfilment": "delivery",
        "address": MISSION,
        "time_zone": TIME_ZONE,
        "results": [
            {
                "scheduled_for": "2026-11-21T03:15:00Z",
                "window_from": "2026-11-21T03:45:00Z",
                "window_until": "2026-11-21T04:00:00Z",
            }
        ],
    },
    response_only=True,
)
A_REVIEW = OpenApiExample(
    "A review",
    value={
        "food_rating": 5,
        "delivery_rating": 4,
        "text": "Still hot!",
        "written_at": "2026-11-21T05:00:00Z",
        "edited_at": None,
        "answer": None,
        "answered_at": None,
    },
    response_only=True,
)
A_CLAIM = OpenApiExample(
    "A claim",
    value={
        "id": "b2f7b3c4-0f4e-4a55-9d5a-2a4c6e8f0a12",
        "status": "open",
        "lines": [
            {
                "line_id": LINE_ID,
                "name": "Margherita",
                "quantity": 1,
                "kind": "missing",
            }
        ],
        "text": "Only one pizza came.",
        "proposed_refund": _usd(1250),
        "refund": _usd(0),
        "answer": None,
        "reported_at": "2026-11-21T05:00:00Z",
        "answered_at": None,
    },
    response_only=True,
)
