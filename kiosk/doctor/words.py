"""How the report writes sizes and times."""

from datetime import timedelta

_STEPS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))


def megabytes(count: int) -> str:
    """Write a number of bytes.

    >>> megabytes(16 * 1024 * 1024)
    '16 MB'
    """
    return f"{count / (1 << 30):.1f} GB" if count >= 1 << 30 else f"{count >> 20} MB"


def lasting(time: timedelta) -> str:
    """Write how long something takes, in the largest unit of which there are two or more.

    >>> lasting(timedelta(hours=49)), lasting(timedelta(seconds=90))
    ('2 days', '90 seconds')
    """
    seconds = time.total_seconds()
    for length, name in _STEPS:
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {name}"
    return f"{seconds:.0f} seconds"
