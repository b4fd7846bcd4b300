"""A limit of frames a second that lets ordinary bursts through."""

__all__ = ["TokenBucket"]


class TokenBucket:
    """Fills with `rate` tokens a second up to one second's worth; each frame takes one."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._tokens = rate
        self._at = float("-inf")

    def take(self, *, now: float) -> bool:
        """Take a token; False if there is none."""
        if now > self._at:
            self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
            self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
