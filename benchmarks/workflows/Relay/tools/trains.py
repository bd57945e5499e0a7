"""What the agents of the benchmark call: instant, so that only the way to them is measured."""

from __future__ import annotations


async def find_trains(city: str) -> dict[str, object]:
    """Find the trains to a city."""
    return {"city": city, "trains": ["N1", "N2", "N3"]}


async def reserve_seat(train: str) -> dict[str, object]:
    """Reserve a seat on a train."""
    return {"train": train, "seat": "12A"}
