"""Orders of an imaginary shop, in memory."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

_ORDERS: dict[str, dict[str, str]] = {
    "ORD-1001": {"product": "Aurora mesh router", "status": "delivered", "date": "2025-02-03"},
    "ORD-1002": {"product": "Cadenza smart speaker", "status": "delivered", "date": "2025-02-20"},
    "ORD-1003": {"product": "Nimbus headphones", "status": "on its way", "date": "2025-03-08"},
}


def lookup_order(order_id: str, context_variables: MutableMapping[str, Any]) -> dict[str, str | bool]:
    """Find an order by its number.

    Args:
        order_id: The order's number, as ORD-1234.
        context_variables: Variables of the chat; a found order is kept as order_id and product.
    """
    key = order_id.strip().upper()
    order = _ORDERS.get(key)
    if order is None:
        return {"found": False, "order_id": key}
    context_variables["order_id"] = key
    context_variables["product"] = order["product"]
    return {"found": True, "order_id": key, **order}
