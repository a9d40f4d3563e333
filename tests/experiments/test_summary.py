"""Entries of a table: means, spreads, ranges and ranks."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.summary import (
    Entry,
    Values,
    mean_and_spread,
    mean_seconds,
    range_entry,
    rank_entries,
    scene_average,
)
from utils.text_table import NONE

AUC = st.floats(0, 1)


def values(*numbers: float | None) -> Values:
    """Values of cells as a table collects them."""
    return pd.Series(numbers, dtype=object)


@given(st.lists(AUC, min_size=2, max_size=9))
def test_mean_and_standard_deviation_of_a_sample(numbers: list[float]) -> None:
    entry = mean_and_spread(values(*numbers))
    assert entry.value == pytest.approx(np.mean(numbers))
    assert entry.deviation == pytest.approx(np.std(numbers, ddof=1), abs=1e-12)
    assert entry.text == f"{entry.value:.4f} ± {entry.deviation:.4f}"


def test_one_value_has_no_spread_and_none_no_value() -> None:
    assert mean_and_spread(values(0.12344)) == Entry("0.1234", 0.12344)
    assert mean_and_spread(values()) == mean_and_spread(values(None, None)) == Entry(NONE)


def test_missing_seeds_are_stated() -> None:
    entry = mean_and_spread(values(0.5, None, 0.7))
    assert entry.text == "0.6000 ± 0.1414 (2 of 3 seeds)"
    assert mean_and_spread(values(None, 0.5)).text == "0.5000 (1 of 2 seeds)"


def test_digits_and_unit() -> None:
    assert mean_and_spread(values(2.5e9), digits=2, unit=1e9) == Entry("2.50", 2.5)


@given(st.lists(st.lists(AUC, min_size=3, max_size=3), min_size=1, max_size=5))
def test_averages_are_over_scenes_for_each_seed(scenes: list[list[float]]) -> None:
    averaged = [f"scene {number}" for number in range(len(scenes))]
    names = [*averaged, "incomplete"]
    index = pd.MultiIndex.from_product([names, (1, 2, 3)], names=("scene", "seed"))
    rows: list[Sequence[float | None]] = [*scenes, [0.5, None, 0.5]]
    aucs = [auc for row in rows for auc in row]
    cells = pd.Series(aucs, index=index, dtype=object)
    assert list(scene_average(cells, averaged)) == pytest.approx(np.mean(scenes, axis=0))
    incomplete = scene_average(cells, names)
    assert list(incomplete.isna()) == [False, True, False]
    assert scene_average(cells, []).empty


@given(st.lists(AUC | st.none(), max_size=8), st.booleans())
def test_ranks_follow_what_is_printed(numbers: list[float | None], larger: bool) -> None:
    entries = [Entry(f"{index}", value) for index, value in enumerate(numbers)]
    ranked = rank_entries(entries, larger_is_better=larger)
    texts = [None if value is None else f"{value:.4f}" for value in numbers]
    printed = sorted({text for text in texts if text}, reverse=larger)
    for entry, value, text in zip(ranked, numbers, texts, strict=True):
        assert entry.value == value
        is_best = len(printed) > 1 and text == printed[0]
        is_second = len(printed) > 1 and text == printed[1]
        alone = is_second and texts.count(printed[0]) == texts.count(printed[1]) == 1
        assert entry.rank == (1 if is_best else 2 if alone else 0)


@given(st.lists(st.integers(1, 10**7) | st.none(), min_size=1, max_size=6))
def test_counts_are_one_number_or_the_smallest_and_the_largest(numbers: list[int | None]) -> None:
    available = [value for value in numbers if value is not None]
    entry = range_entry(values(*numbers))
    assert entry.value == (available[0] if len(set(available)) == 1 else None)
    shown = [] if entry == Entry(NONE) else entry.text.replace(",", "").split("–")
    expected = sorted({min(available), max(available)} if available else ())
    assert [int(number) for number in shown] == expected


@given(st.lists(st.floats(0, 1e5) | st.none(), min_size=1, max_size=6))
def test_seconds_are_the_mean_of_the_finished_cells(numbers: list[float | None]) -> None:
    available = [value for value in numbers if value is not None]
    entry = mean_seconds(values(*numbers))
    assert entry.value == (pytest.approx(np.mean(available)) if available else None)
    assert entry.deviation is None and (entry.text == NONE) == (not available)
    lack = f"({len(available)} of {len(numbers)} cells)"
    assert (lack in entry.text) == (0 < len(available) < len(numbers))
