"""Tables filled with the results of cells: rows, columns, ranks, averages, published AUCs."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from data.published import PublishedRow
from detection.measures import MEASURES
from experiments import grid
from experiments.grid import Grid, fill_table
from experiments.layouts import LAYOUTS, Layout
from experiments.printed import WITH_LABELS
from experiments.summary import Entry
from experiments.table import CellKey, Row, Table
from utils.text_table import NONE


def a_table(*labels: str, seeds: Sequence[int] = (1, 2), show: str = "auc") -> Table:
    """A table with rows of these labels, LFEB but for those that begin with RX."""
    rows = [Row(label, "rx" if label.startswith("RX") else "lfeb", {}) for label in labels]
    return Table("own", "A title", show, None, list(seeds), [], rows, 0)


CHOSEN: list[tuple[str, dict[str, Any], int | None]] = [
    ("a", {"outer_window": 19}, None),
    ("b", {"outer_window": 15}, 9),
]


def records(cells: Mapping[str, float]) -> dict[CellKey, Mapping[str, Any]]:
    """Records of AUCs, named label_scene_seed (0 for none)."""
    places: dict[CellKey, Mapping[str, Any]] = {}
    for name, auc in cells.items():
        label, scene, seed = name.split("_")
        places[CellKey(label, scene, int(seed) or None)] = {"measures": {"auc_df": auc}}
    return places


def fill(
    table: Table,
    scenes: Sequence[str],
    records: Mapping[CellKey, Mapping[str, Any]],
    published: Sequence[PublishedRow] = (),
    *,
    averaged: Sequence[str] | None = None,
) -> Grid:
    """Fill a table with these records; averages are over all its scenes unless given."""
    averaged = scenes if averaged is None else averaged
    return fill_table(table, scenes=scenes, averaged=averaged, records=records, published=published)


def test_methods_scenes_and_their_average() -> None:
    cells = {"RX_a_0": 0.5, "RX_b_0": 0.9}
    cells |= {"LFEB_a_1": 0.8, "LFEB_a_2": 0.6, "LFEB_b_1": 0.2, "LFEB_b_2": 0.6}
    filled = fill(a_table("RX", "LFEB"), ["a", "b"], records(cells))
    assert (filled.title, filled.heading, filled.columns) == (
        "A title",
        "Method",
        ["a", "b", "Average"],
    )
    (rx, rx_entries), (lfeb, entries) = filled.rows
    assert (rx, lfeb) == ("RX", "LFEB")
    assert [entry.text for entry in rx_entries] == ["0.5000", "0.9000", "0.7000"]
    assert [entry.value for entry in entries] == pytest.approx([0.7, 0.4, 0.55])
    spread = statistics.stdev([0.5, 0.6])  # of the averages, one for each seed
    assert entries[2].deviation == pytest.approx(spread)
    assert [entry.rank for entry in rx_entries] == [2, 1, 1]
    assert [entry.rank for entry in entries] == [1, 2, 2]


def test_a_seed_that_lacks_a_scene_has_no_average() -> None:
    cells = {"LFEB_a_1": 0.8, "LFEB_a_2": 0.6, "LFEB_b_2": 0.4}
    ((_, entries),) = fill(a_table("LFEB"), ["a", "b"], records(cells)).rows
    assert [entry.text for entry in entries[1:]] == ["0.4000 (1 of 2 seeds)"] + [
        "0.5000 (1 of 2 seeds)"
    ]
    assert entries[0].text == "0.7000 ± 0.1414"


def test_cells_that_are_not_there_have_no_rank() -> None:
    filled = fill(a_table("RX", "RX 2", "LFEB"), ["a"], records({"RX_a_0": 0.5, "RX 2_a_0": 0.6}))
    first, second, lfeb = (entries for _, entries in filled.rows)
    assert lfeb == [Entry()]
    assert [entries[0].rank for entries in (first, second, lfeb)] == [2, 1, 0]


def test_one_row_alone_is_not_the_best() -> None:
    ((_, entries),) = fill(a_table("RX"), ["a"], records({"RX_a_0": 0.5})).rows
    assert [entry.rank for entry in entries] == [0]


def test_what_is_printed_elsewhere_stands_apart_and_has_no_rank() -> None:
    published = [
        PublishedRow("RX", "a paper", {"a": 0.99, "b": 0.98}),
        PublishedRow("LFEB", "another", {"a": 0.97}),
        PublishedRow("AE", "a paper", {"b": 1.0}),
    ]
    cells = {"RX_a_0": 0.5, "RX 2_a_0": 0.6}
    filled = fill(a_table("RX", "RX 2"), ["a", "b"], records(cells), published)
    assert [label for label, _ in filled.rows] == ["RX", "RX 2"]
    assert [entries[0].rank for _, entries in filled.rows] == [2, 1]
    assert [(label, source) for label, source, _ in filled.published] == [
        ("RX", 0),
        ("LFEB", 1),
        ("AE", 0),
    ]
    assert filled.sources == ["a paper", "another"]
    assert [[entry.text for entry in entries] for *_, entries in filled.published] == [
        ["0.9900", "0.9800", "0.9850"],
        ["0.9700", NONE, NONE],  # no average over other scenes
        [NONE, "1.0000", NONE],
    ]
    assert all(not entry.rank for *_, entries in filled.published for entry in entries)


def test_scenes_have_the_published_numbers_of_their_other_names() -> None:
    published = [PublishedRow("NL2Net", "a paper", {"abu-beach-4": 0.99})]
    scenes = ["HSI-II", "Pavia", "hsi-ii", "abu-beach-4", "abu-beach-4_crop100"]
    filled = fill(a_table("RX"), scenes, {}, published)
    ((*_, entries),) = filled.published
    assert [entry.value for entry in entries[:5]] == [0.99] * 4 + [None]
    assert entries[5] == Entry()


def test_every_measure_of_a_method_on_every_scene() -> None:
    cells: dict[CellKey, Mapping[str, Any]] = {
        CellKey("LFEB", scene, seed): {
            "measures": {
                name: seed + number + (10 if scene == "b" else 0)
                for number, name in enumerate(MEASURES)
            }
        }
        for scene in ("a", "b")
        for seed in (1, 2)
    }
    filled = fill(a_table("LFEB", show="measures"), ["a", "b"], cells)
    assert filled.columns == [measure.symbol for measure in MEASURES.values()]
    assert [label for label, _ in filled.rows] == ["a", "b", "Average"]
    for shift, (_, entries) in zip((0, 10, 5), filled.rows, strict=True):
        expected = [1.5 + shift + number for number in range(len(MEASURES))]
        assert [entry.value for entry in entries] == pytest.approx(expected)
        assert all(entry.deviation == pytest.approx(statistics.stdev([1, 2])) for entry in entries)


def test_a_measure_that_is_infinite_is_not_in_the_mean() -> None:
    cells: dict[CellKey, Mapping[str, Any]] = {
        CellKey("LFEB", "a", seed): {"measures": {**dict.fromkeys(MEASURES, 1.0), "auc_snpr": snpr}}
        for seed, snpr in ((1, None), (2, 5.0))
    }
    ((_, entries),) = fill(a_table("LFEB", show="measures"), ["a"], cells).rows
    texts = dict(zip(MEASURES, (entry.text for entry in entries), strict=True))
    assert texts["auc_snpr"] == "5.0000 (1 of 2 seeds)" and texts["auc_df"] == "1.0000 ± 0.0000"


def test_a_map_of_one_class_has_none() -> None:
    cells: dict[CellKey, Mapping[str, Any]] = {
        CellKey("LFEB", "a", seed): {"measures": None} for seed in (1, 2)
    }
    rows = fill(a_table("LFEB", show="measures"), ["a"], cells).rows
    assert all(entry == Entry() for _, entries in rows for entry in entries)
    ((_, entries),) = fill(a_table("LFEB"), ["a"], cells, averaged=[]).rows
    assert entries == [Entry()]


def test_what_methods_cost() -> None:
    lfeb = {"shape": [100, 90, 20], "parameters": 1234567, "flops": 2.5e9, "epochs_done": 50}
    lfeb |= {"training_seconds": 2.0, "inference_seconds": 0.25, "peak_memory_mib": 10.0}
    rx = {"shape": [100, 90, 20], "inference_seconds": 0.125, "peak_memory_mib": None}
    cells: dict[CellKey, Mapping[str, Any]] = {
        CellKey("LFEB", "a", 1): lfeb,
        CellKey("LFEB", "a", 2): lfeb | {"training_seconds": 4.0},
        CellKey("RX", "a", None): rx,
    }
    filled = fill(a_table("RX", "LFEB", show="runtime"), ["a"], cells)
    assert filled.columns[:2] == ["Scene", "Size"] and len(filled.columns) == 8
    (_, of_rx), (_, of_lfeb) = filled.rows
    assert [entry.text for entry in of_rx] == [
        *("a", "100×90×20", NONE, NONE, NONE, NONE, "0.125", NONE)
    ]
    assert [entry.value for entry in of_lfeb[2:]] == [1234567, 2.5, 50, 3.0, 0.25, 10.0]
    assert of_lfeb[5].text == "3.00 ± 1.41"


def test_what_is_not_computed_costs_nothing_yet() -> None:
    filled = fill(a_table("RX", "LFEB", show="runtime"), ["a", "b"], {})
    assert [label for label, _ in filled.rows] == ["RX", "LFEB"] * 2
    for _, entries in filled.rows:
        assert [entry.text for entry in entries[1:]] == [NONE] * 7


def a_training(*, auc: float, seconds: float, epochs: int, parameters: int) -> dict[str, Any]:
    """The record of a trained cell."""
    costs = {"training_seconds": seconds, "epochs_done": epochs, "parameters": parameters}
    return {"measures": {"auc_df": auc}, "inference_seconds": 0.5, **costs}


def test_the_auc_of_methods_and_what_their_training_took() -> None:
    cells: dict[CellKey, Mapping[str, Any]] = {
        CellKey("RX", "a", None): {"measures": {"auc_df": 0.5}, "cpu_seconds": 0.25},
        CellKey("LFEB", "a", 1): a_training(auc=0.8, seconds=1000, epochs=3000, parameters=672000),
        CellKey("LFEB", "a", 2): a_training(auc=0.6, seconds=1002, epochs=3000, parameters=672000),
        CellKey("LFEB", "b", 1): a_training(
            auc=0.9, seconds=1999.5, epochs=3000, parameters=681000
        ),
    }
    published = [PublishedRow("RX", "a paper", {"a": 0.99})]
    labels = ("RX", "LFEB", "LFEB 2")
    filled, plain = (
        fill(a_table(*labels, show=show), ["a", "b"], cells, published)
        for show in ("auc_and_cost", "auc")
    )
    assert filled.columns == [*plain.columns, "Epochs", "Training (s)", "CPU (s)", "Parameters"]
    for (label, entries), (expected, aucs) in zip(filled.rows, plain.rows, strict=True):
        assert label == expected and entries[:3] == aucs
    texts = [[entry.text for entry in entries[3:]] for _, entries in filled.rows]
    assert texts == [
        ["none", "none", "0.25 (1 of 2 cells)", "none"],  # nothing is trained
        ["3,000", "1,333.83 (3 of 4 cells)", NONE, "672,000–681,000"],
        [NONE] * 4,  # still to come
    ]
    assert [entry.value for entry in filled.rows[1][1][3:]] == [
        3000,
        pytest.approx(1333.8333),
        None,
        None,
    ]
    assert all(not entry.rank for _, entries in filled.rows for entry in entries[3:])
    ((*_, entries),) = filled.published
    assert [entry.text for entry in entries] == ["0.9900", NONE, NONE] + [NONE] * 4
    assert filled.sources == plain.sources == ["a paper"]


def test_a_training_on_a_scene_without_an_auc_took_its_time_too() -> None:
    cells: dict[CellKey, Mapping[str, Any]] = {
        CellKey("LFEB", "a", 1): a_training(auc=0.8, seconds=2, epochs=10, parameters=7),
        CellKey("LFEB", "b", 1): a_training(auc=0.8, seconds=4, epochs=12, parameters=7)
        | {"measures": None},
    }
    ((_, entries),) = fill(
        a_table("LFEB", seeds=[1], show="auc_and_cost"), ["a", "b"], cells, averaged=["a"]
    ).rows
    assert [entry.text for entry in entries[2:]] == ["10–12", "3.00", NONE, "7"]


def test_printed_aucs_stand_next_to_those_measured() -> None:
    """With the setting of each scene, and whether it was chosen with labels."""
    settings = {scene: Row("CRD", "crd", options, seed) for scene, options, seed in CHOSEN}
    rows = [Row("RX", "rx", {"ridge": 1e-6}), Row("CRD", "crd", {}, per_scene=settings)]
    table = Table("own", "A title", "printed", None, [1], [], rows, 0)
    published = [PublishedRow("CRD", "a paper", {"a": 0.9, "b": 0.7, "c": 0.6})]
    cells = records({"RX_a_0": 0.5, "CRD_a_0": 0.8999, "CRD_b_9": 0.75})
    filled = fill(table, ["a", "b", "c"], cells, published)
    assert filled.columns == ["Scene", "Setting", "Chosen", "AUC", "Printed", "Difference"]
    texts = [[label, *(entry.text for entry in entries)] for label, entries in filled.rows]
    assert texts[:2] == [
        ["RX", "a", "its defaults", "one for all scenes", "0.5000", NONE, NONE],
        ["CRD", "a", "outer_window 19", WITH_LABELS, "0.8999", "0.9000", "−0.0001"],
    ]
    setting = "outer_window 15, seed 9"  # chosen, though it is the default
    assert texts[3] == ["CRD", "b", setting, WITH_LABELS, "0.7500", "0.7000", "+0.0500"]
    assert texts[5] == ["CRD", "c", NONE, NONE, NONE, "0.6000", NONE]  # no setting, no cell
    assert filled.sources == ["a paper"] and filled.published == []


def test_rows_stand_below_the_titles_of_their_groups() -> None:
    table = replace(a_table("RX", "RX 2", "LFEB", "RX 3"), grouped=True)
    filled = fill(table, ["a"], {})
    statistical, networks = "Statistical and representation", "Networks"
    assert filled.groups == {0: statistical, 2: networks, 3: statistical}
    assert [filled.group_of(number) for number in range(4)] == [
        *[statistical] * 2,
        *[networks, statistical],
    ]
    one_group = replace(a_table("RX", "RX 2"), grouped=True)
    by_scene = replace(table, show="runtime")
    assert all(not fill(one, ["a"], {}).groups for one in (a_table("RX", "LFEB"), one_group))
    assert not fill(by_scene, ["a"], {}).groups


def test_a_scene_without_an_auc_is_left_out_of_all_averages() -> None:
    cells = records({"RX_a_0": 0.5, "RX_b_0": 0.7})
    published = [PublishedRow("RX", "a paper", {"a": 0.9, "b": 0.8})]
    table = a_table("RX", "RX 2")
    filled = fill(table, ["a", "empty", "b"], cells, published, averaged=["a", "b"])
    assert [entries[-1].value for _, entries in filled.rows] == [pytest.approx(0.6), None]
    assert [entries[-1].text for *_, entries in filled.published] == ["0.8500"]


def test_one_scene_has_no_average_in_any_layout() -> None:
    cells = records({"RX_a_0": 0.5, "RX 2_a_0": 0.6})
    published = [PublishedRow("RX", "a paper", {"a": 0.9})]
    filled = fill(a_table("RX", "RX 2"), ["a"], cells, published)
    assert filled.columns == ["a"] and all(len(entries) == 1 for _, entries in filled.rows)
    assert [entry.text for *_, (entry,) in filled.published] == ["0.9000"]
    of_measures = fill(a_table("RX", show="measures"), ["a"], records({"RX_a_0": 0.5}))
    assert [label for label, _ in of_measures.rows] == ["a"]
    alone = fill(a_table("RX", "RX 2"), ["a", "empty"], cells, averaged=["a"])
    assert alone.columns == ["a", "empty"]


def test_a_layout_of_a_measure_of_which_less_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """AUCs from the literature are of another measure, and stay out."""
    quiet = Layout("quiet", rows=("method",), measure="auc_ftau")
    monkeypatch.setattr(grid, "LAYOUTS", {**LAYOUTS, "quiet": quiet})
    cells: dict[CellKey, Mapping[str, Any]] = {
        CellKey("RX", "a", None): {"measures": {"auc_df": 0.9, "auc_ftau": 0.2}},
        CellKey("RX 2", "a", None): {"measures": {"auc_df": 0.8, "auc_ftau": 0.1}},
    }
    published = [PublishedRow("RX", "a paper", {"a": 0.99})]
    filled = fill(a_table("RX", "RX 2", show="quiet"), ["a"], cells, published)
    assert [entries[0].text for _, entries in filled.rows] == ["0.2000", "0.1000"]
    assert [entries[0].rank for _, entries in filled.rows] == [2, 1]
    assert filled.published == [] and filled.sources == []
