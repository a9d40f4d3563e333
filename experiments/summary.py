"""Entries of a table: summaries of a value over cells, and their ranking."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import pandas as pd

from detection.measures import ranks
from utils.text import shape_text
from utils.text_table import NONE

# a value of cells, indexed by scene, method and seed; missing where a cell is not finished
Values: TypeAlias = "pd.Series[float]"


@dataclass(frozen=True)
class Entry:
    """An entry of a table: its text, the number behind it, its spread, its rank (1 is best)."""

    text: str = NONE
    value: float | None = None
    deviation: float | None = None
    rank: int = 0


def mean_and_spread(values: Values, *, digits: int = 4, unit: float = 1) -> Entry:
    """Summarise by mean ± sample standard deviation, and how many of the seeds are available."""
    available = values.dropna().astype(float) / unit
    if available.empty:
        return Entry()
    mean = float(available.mean())
    if len(available) == 1:
        return Entry(f"{mean:.{digits}f}" + missing(values, "seeds"), mean)
    deviation = float(available.std())
    text = f"{mean:.{digits}f} ± {deviation:.{digits}f}"
    return Entry(text + missing(values, "seeds"), mean, deviation)


def range_entry(values: Values) -> Entry:
    """Summarise counts by one number, or by the smallest and the largest, which are no number."""
    available = values.dropna().astype(int)
    if available.empty:
        return Entry()
    low, high = int(available.min()), int(available.max())
    return Entry(f"{low:,}", low) if low == high else Entry(f"{low:,}–{high:,}")


def mean_seconds(values: Values) -> Entry:
    """Summarise by the mean alone: scenes of different sizes take different times."""
    available = values.dropna()
    if available.empty:
        return Entry()
    mean = float(available.mean())
    return Entry(f"{mean:,.2f}" + missing(values, "cells"), mean)


def size_entry(values: Values) -> Entry:
    """Summarise the shapes of one scene's cube, which are all the same."""
    available = values.dropna()
    return Entry() if available.empty else Entry(shape_text(available.iloc[0]))


def text_entry(values: Values) -> Entry:
    """Take a text that all cells of a row have."""
    available = values.dropna()
    return Entry() if available.empty else Entry(str(available.iloc[0]))


def same_entry(values: Values) -> Entry:
    """Take a number that all cells of a row have, to four digits."""
    available = values.dropna()
    return Entry() if available.empty else mean_and_spread(available.iloc[:1])


def difference_entry(values: Values) -> Entry:
    """Summarise differences by their mean, with its sign."""
    available = values.dropna().astype(float)
    if available.empty:
        return Entry()
    mean = float(available.mean())
    return Entry(f"{round(mean, 4) + 0.0:+.4f}".replace("-", "−"), mean)


def missing(values: Values, unit: str) -> str:
    """State how many values are available, if some are missing."""
    return f" ({values.count()} of {len(values)} {unit})" if values.hasnans else ""


def scene_average(values: Values, scenes: Sequence[str]) -> Values:
    """Average over these scenes for each seed; missing for a seed that lacks one of them."""
    averaged = values[values.index.isin(scenes, level="scene")].astype(float)
    by_seed = averaged.groupby(level="seed", sort=False, dropna=False)
    return by_seed.agg(lambda scores: scores.mean(skipna=False))


def rank_entries(entries: Sequence[Entry], *, larger_is_better: bool = True) -> list[Entry]:
    """Mark the best and the second best of the entries that have a number."""
    found = ranks([entry.value for entry in entries], larger_is_better=larger_is_better)
    return [replace(entry, rank=rank) for entry, rank in zip(entries, found, strict=True)]
