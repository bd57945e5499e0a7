"""``python -m mozaiks_local.cli`` is the ``mozaiks`` command."""

from mozaiks_local.cli.app import main

main()
