"""What stands where in a table: means, spreads, places, and what is printed elsewhere."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.published import PublishedRow
from detection.measures import MEASURES
from experiments.declaration import Row, Table
from experiments.layouts import auc_and_cost_grid, auc_grid, measures_grid, runtime_grid
from experiments.plan import Place
from experiments.summary import (
    NONE,
    Entry,
    Grid,
    averages,
    extent,
    mean_seconds,
    summary,
    with_places,
)

AUC = st.floats(0, 1)


def a_table(*labels: str, seeds: Sequence[int] = (1, 2), show: str = "auc") -> Table:
    """A table with rows of these labels, LFEB but for those that begin with RX."""
    rows = [Row(label, "rx" if label.startswith("RX") else "lfeb", {}) for label in labels]
    return Table("own", "A title", show, None, list(seeds), [], rows, 0)


def records(cells: Mapping[str, float]) -> dict[Place, Mapping[str, Any]]:
    """Records of AUCs, named label_scene_seed (0 for none)."""
    places: dict[Place, Mapping[str, Any]] = {}
    for name, auc in cells.items():
        label, scene, seed = name.split("_")
        places[label, scene, int(seed) or None] = {"measures": {"auc_df": auc}}
    return places


def grid_of(
    table: Table,
    scenes: Sequence[str],
    cells: Mapping[str, float],
    published: Sequence[PublishedRow] = (),
) -> Grid:
    """The table of these records of AUCs."""
    return auc_grid(table, scenes, scenes, records(cells), published)


@given(st.lists(AUC, min_size=2, max_size=9))
def test_mean_and_standard_deviation_of_a_sample(values: list[float]) -> None:
    entry = summary(values)
    assert entry.value == pytest.approx(np.mean(values))
    assert entry.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    assert entry.text == f"{entry.value:.4f} ± {entry.deviation:.4f}"


def test_one_value_has_no_spread_and_none_no_value() -> None:
    assert summary([0.12345]) == Entry("0.1235", 0.12345) or summary([0.12345]).text == "0.1234"
    assert summary([0.12345]).deviation is None
    assert summary([]) == summary([None, None]) == Entry(NONE)


def test_missing_seeds_are_told() -> None:
    entry = summary([0.5, None, 0.7])
    assert entry.text.startswith("0.6000 ± 0.1414") and entry.text.endswith("(2 of 3 seeds)")
    assert summary([None, 0.5]).text == "0.5000 (1 of 2 seeds)"


@given(st.lists(st.lists(AUC, min_size=3, max_size=3), min_size=1, max_size=5))
def test_averages_are_over_scenes_for_each_seed(scenes: list[list[float]]) -> None:
    assert averages(scenes) == pytest.approx(np.mean(scenes, axis=0))
    spoilt: list[Sequence[float | None]] = [*scenes, [0.5, None, 0.5]]
    assert [value is None for value in averages(spoilt)] == [False, True, False]


@given(st.lists(st.floats(0, 1) | st.none(), max_size=8))
def test_places_follow_what_is_printed(values: list[float | None]) -> None:
    placed = with_places([Entry(f"{number}", value) for number, value in enumerate(values)])
    printed = sorted({f"{value:.4f}" for value in values if value is not None}, reverse=True)
    some = sum(value is not None for value in values) > 1
    for entry, value in zip(placed, values, strict=True):
        assert entry.value == value
        text = None if value is None else f"{value:.4f}"
        expected = printed.index(text) + 1 if text in printed[:2] and some else 0
        assert entry.place == expected


def test_ties_as_printed_share_their_place() -> None:
    values = (0.90001, 0.9, 0.89996, 0.7, 0.8)
    places = [entry.place for entry in with_places([summary([value]) for value in values])]
    assert places == [1, 1, 1, 0, 2]


def test_methods_scenes_and_their_average() -> None:
    cells = {"RX_a_0": 0.5, "RX_b_0": 0.9}
    cells |= {"LFEB_a_1": 0.8, "LFEB_a_2": 0.6, "LFEB_b_1": 0.2, "LFEB_b_2": 0.6}
    grid = grid_of(a_table("RX", "LFEB"), ["a", "b"], cells)
    assert (grid.title, grid.heading, grid.columns) == ("A title", "Method", ["a", "b", "Average"])
    (rx, rx_entries), (lfeb, entries) = grid.rows
    assert (rx, lfeb) == ("RX", "LFEB")
    assert [entry.text for entry in rx_entries] == ["0.5000", "0.9000", "0.7000"]
    assert [entry.value for entry in entries] == pytest.approx([0.7, 0.4, 0.55])
    spread = statistics.stdev([0.5, 0.6])  # of the averages, one for each seed
    assert entries[2].deviation == pytest.approx(spread)
    assert [entry.place for entry in rx_entries] == [2, 1, 1]
    assert [entry.place for entry in entries] == [1, 2, 2]


def test_a_seed_that_lacks_a_scene_has_no_average() -> None:
    cells = {"LFEB_a_1": 0.8, "LFEB_a_2": 0.6, "LFEB_b_2": 0.4}
    ((_, entries),) = grid_of(a_table("LFEB"), ["a", "b"], cells).rows
    assert [entry.text for entry in entries[1:]] == ["0.4000 (1 of 2 seeds)"] + [
        "0.5000 (1 of 2 seeds)"
    ]
    assert entries[0].text == "0.7000 ± 0.1414"


def test_cells_that_are_not_there_take_no_place() -> None:
    grid = grid_of(a_table("RX", "RX 2", "LFEB"), ["a"], {"RX_a_0": 0.5, "RX 2_a_0": 0.6})
    first, second, lfeb = (entries for _, entries in grid.rows)
    assert lfeb == [Entry(), Entry()]
    assert [entries[0].place for entries in (first, second, lfeb)] == [2, 1, 0]


def test_one_row_alone_is_not_the_best() -> None:
    ((_, entries),) = grid_of(a_table("RX"), ["a"], {"RX_a_0": 0.5}).rows
    assert [entry.place for entry in entries] == [0, 0]


def test_what_is_printed_elsewhere_stands_apart_and_takes_no_place() -> None:
    published = [
        PublishedRow("RX", "a paper", {"a": 0.99, "b": 0.98}),
        PublishedRow("LFEB", "another", {"a": 0.97}),
        PublishedRow("AE", "a paper", {"b": 1.0}),
    ]
    cells = {"RX_a_0": 0.5, "RX 2_a_0": 0.6}
    grid = grid_of(a_table("RX", "RX 2"), ["a", "b"], cells, published)
    assert [label for label, _ in grid.rows] == ["RX", "RX 2"]
    assert [entries[0].place for _, entries in grid.rows] == [2, 1]
    assert [(label, source) for label, source, _ in grid.published] == [
        ("RX", 0),
        ("LFEB", 1),
        ("AE", 0),
    ]
    assert grid.sources == ["a paper", "another"]
    assert [[entry.text for entry in entries] for *_, entries in grid.published] == [
        ["0.9900", "0.9800", "0.9850"],
        ["0.9700", NONE, NONE],  # no average over other scenes
        [NONE, "1.0000", NONE],
    ]
    assert all(not entry.place for *_, entries in grid.published for entry in entries)


def test_scenes_have_the_published_numbers_of_their_other_names() -> None:
    published = [PublishedRow("NL2Net", "a paper", {"abu-beach-4": 0.99})]
    scenes = ["HSI-II", "Pavia", "hsi-ii", "abu-beach-4", "abu-beach-4_crop100"]
    grid = grid_of(a_table("RX"), scenes, {}, published)
    ((*_, entries),) = grid.published
    assert [entry.value for entry in entries[:5]] == [0.99] * 4 + [None]
    assert entries[5] == Entry()


def test_every_measure_of_a_method_on_every_scene() -> None:
    cells: dict[Place, Mapping[str, Any]] = {
        ("LFEB", scene, seed): {
            "measures": {
                name: seed + number + (10 if scene == "b" else 0)
                for number, name in enumerate(MEASURES)
            }
        }
        for scene in ("a", "b")
        for seed in (1, 2)
    }
    grid = measures_grid(a_table("LFEB", show="measures"), ["a", "b"], ["a", "b"], cells)
    assert grid.columns == [name for name, _ in MEASURES.values()]
    assert [label for label, _ in grid.rows] == ["a", "b", "Average"]
    for shift, (_, entries) in zip((0, 10, 5), grid.rows, strict=True):
        expected = [1.5 + shift + number for number in range(len(MEASURES))]
        assert [entry.value for entry in entries] == pytest.approx(expected)
        assert all(entry.deviation == pytest.approx(statistics.stdev([1, 2])) for entry in entries)


def test_a_measure_that_is_infinite_is_not_in_the_mean() -> None:
    cells: dict[Place, Mapping[str, Any]] = {
        ("LFEB", "a", seed): {"measures": {**dict.fromkeys(MEASURES, 1.0), "auc_snpr": snpr}}
        for seed, snpr in ((1, None), (2, 5.0))
    }
    ((_, entries), _) = measures_grid(a_table("LFEB"), ["a"], ["a"], cells).rows
    texts = dict(zip(MEASURES, (entry.text for entry in entries), strict=True))
    assert texts["auc_snpr"] == "5.0000 (1 of 2 seeds)" and texts["auc_df"] == "1.0000 ± 0.0000"


def test_a_map_of_one_class_has_none() -> None:
    cells: dict[Place, Mapping[str, Any]] = {
        ("LFEB", "a", seed): {"measures": None} for seed in (1, 2)
    }
    rows = measures_grid(a_table("LFEB"), ["a"], ["a"], cells).rows
    assert all(entry == Entry() for _, entries in rows for entry in entries)
    ((_, entries),) = auc_grid(a_table("LFEB"), ["a"], [], cells, []).rows
    assert entries == [Entry(), Entry()]


def test_what_methods_cost() -> None:
    lfeb = {"shape": [100, 90, 20], "parameters": 1234567, "flops": 2.5e9, "epochs_done": 50}
    lfeb |= {"training_seconds": 2.0, "inference_seconds": 0.25, "peak_memory_mib": 10.0}
    rx = {"shape": [100, 90, 20], "inference_seconds": 0.125, "peak_memory_mib": None}
    cells: dict[Place, Mapping[str, Any]] = {
        ("LFEB", "a", 1): lfeb,
        ("LFEB", "a", 2): lfeb | {"training_seconds": 4.0},
        ("RX", "a", None): rx,
    }
    grid = runtime_grid(a_table("RX", "LFEB"), ["a"], cells)
    assert grid.columns[:2] == ["Scene", "Size"] and len(grid.columns) == 8
    (_, of_rx), (_, of_lfeb) = grid.rows
    assert [entry.text for entry in of_rx] == [
        *("a", "100×90×20", NONE, NONE, NONE, NONE, "0.125", NONE)
    ]
    assert [entry.value for entry in of_lfeb[2:]] == [1234567, 2.5, 50, 3.0, 0.25, 10.0]
    assert of_lfeb[5].text == "3.00 ± 1.41"


def test_what_is_not_computed_costs_nothing_yet() -> None:
    grid = runtime_grid(a_table("RX", "LFEB"), ["a", "b"], {})
    assert [label for label, _ in grid.rows] == ["RX", "LFEB"] * 2
    for _, entries in grid.rows:
        assert [entry.text for entry in entries[1:]] == [NONE] * 7


def a_training(*, auc: float, seconds: float, epochs: int, parameters: int) -> dict[str, Any]:
    """The record of a trained cell."""
    costs = {"training_seconds": seconds, "epochs_done": epochs, "parameters": parameters}
    return {"measures": {"auc_df": auc}, "inference_seconds": 0.5, **costs}


def test_the_auc_of_methods_and_what_their_training_took() -> None:
    cells: dict[Place, Mapping[str, Any]] = {
        ("RX", "a", None): {"measures": {"auc_df": 0.5}, "inference_seconds": 0.125},
        ("LFEB", "a", 1): a_training(auc=0.8, seconds=1000, epochs=3000, parameters=672000),
        ("LFEB", "a", 2): a_training(auc=0.6, seconds=1002, epochs=3000, parameters=672000),
        ("LFEB", "b", 1): a_training(auc=0.9, seconds=1999.5, epochs=3000, parameters=681000),
    }
    published = [PublishedRow("RX", "a paper", {"a": 0.99})]
    arguments = (a_table("RX", "LFEB", "LFEB 2"), ["a", "b"], ["a", "b"], cells, published)
    grid, plain = auc_and_cost_grid(*arguments), auc_grid(*arguments)
    assert grid.columns == [*plain.columns, "Epochs", "Training (s)", "Parameters"]
    for (label, entries), (expected, aucs) in zip(grid.rows, plain.rows, strict=True):
        assert label == expected and entries[:3] == aucs
    texts = [[entry.text for entry in entries[3:]] for _, entries in grid.rows]
    assert texts == [
        ["none"] * 3,  # whatever is computed, nothing is trained
        ["3,000", "1,333.83 (3 of 4 cells)", "672,000–681,000"],
        [NONE] * 3,  # still to come
    ]
    assert [entry.value for entry in grid.rows[1][1][3:]] == [3000, pytest.approx(1333.8333), None]
    assert all(not entry.place for _, entries in grid.rows for entry in entries[3:])
    ((*_, entries),) = grid.published
    assert [entry.text for entry in entries] == ["0.9900", NONE, NONE] + [NONE] * 3
    assert grid.sources == plain.sources == ["a paper"]


def test_a_training_on_a_scene_without_an_auc_took_its_time_too() -> None:
    cells: dict[Place, Mapping[str, Any]] = {
        ("LFEB", "a", 1): a_training(auc=0.8, seconds=2, epochs=10, parameters=7),
        ("LFEB", "b", 1): a_training(auc=0.8, seconds=4, epochs=12, parameters=7)
        | {"measures": None},
    }
    ((_, entries),) = auc_and_cost_grid(
        a_table("LFEB", seeds=[1]), ["a", "b"], ["a"], cells, []
    ).rows
    assert [entry.text for entry in entries[3:]] == ["10–12", "3.00", "7"]


COUNTS = st.lists(st.integers(1, 10**7) | st.none(), min_size=1, max_size=6)


@given(COUNTS)
def test_counts_are_one_number_or_the_least_and_the_most(values: list[int | None]) -> None:
    there = [value for value in values if value is not None]
    entry = extent(values)
    assert entry.value == (there[0] if len(set(there)) == 1 else None)
    shown = [] if entry == Entry(NONE) else entry.text.replace(",", "").split("–")
    assert [int(number) for number in shown] == sorted({min(there), max(there)} if there else ())


@given(st.lists(st.floats(0, 1e5) | st.none(), min_size=1, max_size=6))
def test_seconds_are_the_mean_of_what_there_is(values: list[float | None]) -> None:
    there = [value for value in values if value is not None]
    entry = mean_seconds(values)
    assert entry.value == (pytest.approx(np.mean(there)) if there else None)
    assert entry.deviation is None and (entry.text == NONE) == (not there)
    lack = f"({len(there)} of {len(values)} cells)"
    assert (lack in entry.text) == (0 < len(there) < len(values))


def test_a_scene_without_an_auc_is_left_out_of_all_averages() -> None:
    cells = records({"RX_a_0": 0.5, "RX_b_0": 0.7})
    published = [PublishedRow("RX", "a paper", {"a": 0.9, "b": 0.8})]
    table = a_table("RX", "RX 2")
    grid = auc_grid(table, ["a", "empty", "b"], ["a", "b"], cells, published)
    assert [entries[-1].value for _, entries in grid.rows] == [pytest.approx(0.6), None]
    assert [entries[-1].text for *_, entries in grid.published] == ["0.8500"]


def test_rows_that_are_equal_share_their_place() -> None:
    grid = grid_of(a_table("RX", "RX 2"), ["a"], {"RX_a_0": 0.5, "RX 2_a_0": 0.5})
    assert [entries[0].place for _, entries in grid.rows] == [1, 1]
