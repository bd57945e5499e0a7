"""The HTTP API."""

from __future__ import annotations

from mangum import Mangum
from mozaiks.bootstrap import parts
from mozaiks.web.app import create_app

handler = Mangum(create_app(parts()), lifespan="off")
