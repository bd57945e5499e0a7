"""The database of a development machine: a real ``mongod``, started, shared and stopped with care.

Examples
--------
>>> with EmbeddedMongod(Path(".mozaiks/mongo")) as mongod:  # doctest: +SKIP
...     print(mongod.safe_uri)
"""

from __future__ import annotations

from mozaiks_local.mongod.embedded import EmbeddedMongod
from mozaiks_local.mongod.errors import MongodCode, MongodError
from mozaiks_local.mongod.probe import ServerFacts, probe, safe_address

__all__ = ["EmbeddedMongod", "MongodCode", "MongodError", "ServerFacts", "probe", "safe_address"]
