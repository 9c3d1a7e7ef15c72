"""Numbers formatted for people to read."""

from __future__ import annotations


def percent(count: float, total: int) -> str:
    """``97.35 % (1947/2000)`` for an accuracy `count` / `total`."""
    return f"{100 * count / max(1, total):.2f} % ({round(count)}/{total})"


def duration(seconds: float) -> str:
    """``12.3 s``, ``3 min 05 s`` or ``2 h 03 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def clock(seconds: float) -> str:
    """``0:42`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(shape: tuple[int, ...]) -> str:
    """``32×32×3``."""
    return "×".join(map(str, shape))


def threads_in_words(count: int) -> str:
    """``1 thread`` or ``2 threads``."""
    return f"{count} thread{'s' * (count != 1)}"
