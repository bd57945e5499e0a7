"""Makes the two layers that are deployed. ``layers/runtime/Makefile`` and ``workflows/Makefile`` call it."""
