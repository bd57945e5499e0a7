"""TypeScript types of what the runtime says and hears, made from its own schemas.

``python -m mozaiks_local.typescript`` writes them into the client library.
"""

from mozaiks_local.typescript.modules import SOURCES, generated_modules

__all__ = ["SOURCES", "generated_modules"]
