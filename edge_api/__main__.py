"""``python -m edge_api`` is the ``edge`` command."""

from edge_api.cli import main

main()
