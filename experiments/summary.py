"""The entries of a table: means, spreads and places."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

NONE = "–"
UNTRAINED = "none"  # not what is still to come


@dataclass(frozen=True)
class Entry:
    """A place in a table: what it says, the number behind it, its spread, its place (1 is best)."""

    text: str = NONE
    value: float | None = None
    deviation: float | None = None
    place: int = 0


@dataclass(frozen=True)
class Grid:
    """A table: the heading of its labels, those of its columns, its rows, and what is printed."""

    title: str
    heading: str
    columns: list[str]
    rows: list[tuple[str, list[Entry]]]
    published: list[tuple[str, int, list[Entry]]] = field(default_factory=list)  # with its source
    sources: list[str] = field(default_factory=list)


def averages(row: Sequence[Sequence[float | None]]) -> list[float | None]:
    """The mean over the scenes for each seed; None for a seed that lacks one."""
    return [
        statistics.fmean(values) if None not in values else None
        for values in zip(*row, strict=True)
    ]


def summary(values: Sequence[float | None], *, digits: int = 4) -> Entry:
    """Mean ± standard deviation (of a sample) of what there is, and of how many if some lack."""
    there = [value for value in values if value is not None]
    if not there:
        return Entry()
    mean = statistics.fmean(there)
    deviation = statistics.stdev(there) if len(there) > 1 else None
    text = f"{mean:.{digits}f}"
    if deviation is not None:
        text += f" ± {deviation:.{digits}f}"
    return Entry(text + how_many(there, values, "seeds"), mean, deviation)


def how_many(there: Sequence[object], asked: Sequence[object], what: str) -> str:
    """Words that say how many there are, if some lack."""
    return f" ({len(there)} of {len(asked)} {what})" if len(there) < len(asked) else ""


def with_places(entries: Sequence[Entry]) -> list[Entry]:
    """Mark the largest and the second largest, as printed; equal ones share their place."""
    printed = [None if entry.value is None else round(entry.value, 4) for entry in entries]
    there = [value for value in printed if value is not None]
    if len(there) < 2:
        return list(entries)
    ranking = sorted(set(there), reverse=True)[:2]
    return [
        replace(entry, place=ranking.index(value) + 1) if value in ranking else entry
        for entry, value in zip(entries, printed, strict=True)
    ]


def extent(values: Sequence[int | None]) -> Entry:
    """A count; the smallest and the largest where there are several, which are no one number."""
    there = [value for value in values if value is not None]
    if not there:
        return Entry()
    least, most = min(there), max(there)
    return Entry(f"{least:,}", least) if least == most else Entry(f"{least:,}–{most:,}")


def mean_seconds(values: Sequence[float | None]) -> Entry:
    """The mean of what there is, and of how many cells if some lack.

    It has no spread: scenes of different sizes take different times.
    """
    there = [value for value in values if value is not None]
    if not there:
        return Entry()
    mean = statistics.fmean(there)
    return Entry(f"{mean:,.2f}" + how_many(there, values, "cells"), mean)


def scaled_down(value: float | None, unit: float) -> float | None:
    """A number in multiples of a unit."""
    return None if value is None else value / unit
