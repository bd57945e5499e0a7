"""The ``mozaiks`` command."""
