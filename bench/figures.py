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
    told = " | ".join(f"{each:.{digits}f}" for each in (p50(times), p99(times), max(times)))
    return f"| {name} | {told} | {len(times)} |"


HEAD = "| | p50 ms | p99 ms | longest ms | n |\n|---|---|---|---|---|"
