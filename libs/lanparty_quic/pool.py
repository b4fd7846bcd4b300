"""A bounded store that many queues share."""

__all__ = ["Pool"]


class Pool:
    """Counts what many queues hold together, and says how much one of them may hold.

    A queue may grow while it is smaller than what is left for all. So n greedy queues end with an
    (n + 1)th of the whole each, and as much stays free for whoever comes next: who takes most is
    refused first, without a search for him, and nothing that was taken in is thrown away again
    (Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches",
    IEEE/ACM Transactions on Networking 6(2), 1998).
    """

    __slots__ = ("capacity", "used")

    def __init__(self, capacity: int) -> None:
        """`capacity` is in whatever its users count."""
        self.capacity = capacity
        self.used = 0

    def admits(self, held: int) -> bool:
        """Tell whether a queue that holds so much may take more."""
        return held < self.capacity - self.used

    @property
    def left(self) -> int:
        """What one queue may hold at most, at this moment; 0 when all is taken."""
        return max(0, self.capacity - self.used)
