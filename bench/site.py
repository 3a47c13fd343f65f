"""A running site for the benchmarks that measure the whole: the demo's shop, on free ports."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.site import Site


@contextmanager
def running_site() -> Iterator[Site]:
    """Start a site, and end and delete it afterwards."""
    with tempfile.TemporaryDirectory(prefix="welkom-bench-") as folder:
        site = Site(Path(folder) / "var")
        try:
            site.start()
            yield site.ready()
        finally:
            site.close()
