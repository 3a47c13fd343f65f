"""What every benchmark says of its times: the middle, the slow end, and how many."""

import statistics
from collections.abc import Sequence


def p50(times: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(times)


def p99(times: Sequence[float]) -> float:
    """Return what 99 of 100 stay below."""
    return statistics.quantiles(times, n=100, method="inclusive")[98]


def row(name: str, times: Sequence[float], digits: int = 1) -> str:
    """Return a line of a table: name, median, 99th percentile, longest, count."""
    return f"| {name} | {p50(times):.{digits}f} | {p99(times):.{digits}f} | {max(times):.{digits}f} | {len(times)} |"


HEAD = "| | p50 ms | p99 ms | longest ms | n |\n|---|---|---|---|---|"
