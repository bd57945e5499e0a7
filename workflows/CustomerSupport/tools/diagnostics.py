"""Remote diagnostics of an imaginary shop's products."""

from __future__ import annotations

_REPORTS: dict[str, dict[str, str | bool]] = {
    "ORD-1001": {
        "hardware_fault": True,
        "finding": "the 5 GHz radio resets every few minutes",
        "advice": "The device has to be replaced.",
    },
    "ORD-1002": {
        "hardware_fault": False,
        "finding": "the firmware is two versions old",
        "advice": "Hold the top button for ten seconds; the speaker then updates itself and restarts.",
    },
}


async def run_diagnostics(order_id: str) -> dict[str, str | bool]:
    """Run remote diagnostics on the product of an order.

    Args:
        order_id: The order's number, as ORD-1234.
    """
    key = order_id.strip().upper()
    report = _REPORTS.get(key)
    if report is None:
        return {
            "order_id": key,
            "reachable": False,
            "hardware_fault": False,
            "finding": "the product does not answer",
            "advice": "Please switch it on, keep it near the router, and tell me when its light is steady.",
        }
    return {"order_id": key, "reachable": True, **report}
