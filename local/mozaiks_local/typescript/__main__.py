"""``python -m mozaiks_local.typescript`` writes the generated modules of the client library again."""

from __future__ import annotations

from mozaiks_local.typescript.modules import SOURCES, generated_modules

if __name__ == "__main__":
    for path, text in generated_modules().items():
        (SOURCES / path).write_text(text, encoding="utf-8")
