"""Seconds that pass only when a test says so."""


class Steps:
    """A monotonic clock to be called; ``forward`` lets seconds pass."""

    def __init__(self, at: float = 100.0) -> None:
        self._at = at

    def __call__(self) -> float:
        return self._at

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self._at += seconds
