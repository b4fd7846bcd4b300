"""How figures are written for people."""

__all__ = ["milliseconds", "names_of"]


def milliseconds(seconds: float) -> str:
    """Write a duration as one reads it beside a ping: 0.45 ms, 3.2 ms, 120 ms."""
    value = seconds * 1_000
    digits = 2 if value < 1 else 1 if value < 100 else 0
    return f"{value:.{digits}f} ms"


def names_of(names: list[str]) -> str:
    """Join names as a sentence does: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
