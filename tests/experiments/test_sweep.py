"""Tables of the command line alone: combinations of methods and values, their names, the curve."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import experiments.pictures
import experiments.reproduce
import main
from experiments.cell_store import CellStore
from experiments.declaration import read_table, sweep_table
from experiments.plan import Plan, plan_table
from experiments.summary import Entry
from experiments.sweep import is_sweep
from experiments.sweep_figure import Curve, curves_on, sweep_figure, swept_option
from experiments.table import CellKey, Table
from options.parse import parse
from utils.errors import InputError


def given(*words: str) -> dict[str, Any]:
    """The options of a command of reproduce."""
    return parse(["--command", "reproduce", *words])[1]


def swept(*words: str) -> Table:
    """The table of these words."""
    assert is_sweep(given(*words))
    return sweep_table(given(*words))


def labels(table: Table) -> list[str]:
    """The labels of a table's rows."""
    return [row.label for row in table.rows]


def test_rows_are_all_combinations_and_a_method_without_the_option_is_one() -> None:
    table = swept("--method", "rx", "nl2net", "crd", "--factor", "1", "2", "3", "--epochs", "7")
    assert labels(table) == ["RX", *(f"NL2Net, factor {factor}" for factor in (1, 2, 3)), "CRD"]
    factors = [row.options.get("factor_train") for row in table.rows]
    assert factors == [None, 1, 2, 3, None] and table.rows[1].options["factor_test"] == 1
    assert table.rows[1].options["epochs"] == 7
    assert table.title == "AUC of RX, NL2Net, CRD by factor"
    assert (table.show, table.seeds, table.scenes, table.published) == ("auc", [1], None, [])


def test_several_options_make_a_grid_labelled_by_what_differs() -> None:
    table = swept("--method", "lrx", "--ridge", "0.1", "1", "--outer_window", "13", "15")
    assert labels(table) == [
        *("outer_window 13, ridge 0.1", "outer_window 13, ridge 1.0"),
        *("outer_window 15, ridge 0.1", "outer_window 15, ridge 1.0"),
    ]


def test_methods_alone_are_compared_next_to_their_published_numbers() -> None:
    table = swept("--method", "rx", "crd")
    assert labels(table) == ["RX", "CRD"] and "RX" in (table.published or [])


def test_a_variant_keeps_the_option_that_it_fixes() -> None:
    table = swept("--method", "no_pd", "nl2net", "--factor", "2", "3", "--seed", "4", "5")
    assert labels(table)[1:] == ["NL2Net, factor 2", "NL2Net, factor 3"] and table.seeds == [4, 5]
    assert table.rows[0].options["factor_train"] == 1


def test_other_words_are_no_sweep() -> None:
    for words in (
        ["--method", "rx"],
        ["--seed", "1", "2"],
        ["--table", "comparison", "--method", "rx", "crd"],
        ["--table", "factor", "--nch_ker", "8", "16"],
    ):
        assert not is_sweep(given(*words))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "rx", "crd", "--factor", "1", "2"], "none of its methods has --factor"),
        (["--method", "no_pd", "--factor", "1", "2"], "has --factor to be changed"),
        (["--method", "nl2net", "lrx", "--nch_ker", "1", "2"], "--nch_ker: 1 is not a whole"),
        (["--method", "nl2net", "--ss_exp_factor", "0.01", "1"], "--ss_exp_factor 0.01 leaves"),
    ],
    ids=str,
)
def test_combinations_that_cannot_be_are_refused(words: Sequence[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        sweep_table(given(*words))
    assert "\n" not in str(error.value)


def test_a_table_in_a_file_is_swept_as_well_and_methods_select_its_rows() -> None:
    words = given("--table", "family", "--method", "nl2net", "rx", "aed", "--ridge", "0.1", "1")
    table = read_table("family", given=words)
    assert labels(table) == ["RX, ridge 0.1", "RX, ridge 1.0", "NL2Net", "AED"]
    assert table.name == "family_ridge_0.1-1.0" and table.rows[2].options["epochs"] == 5000
    plain = read_table("family", given=given("--table", "family", "--method", "aed", "rx"))
    assert plain.name == "family" and labels(plain) == ["RX", "AED"]


def test_names_are_of_all_that_changes_the_numbers() -> None:
    base = ["--method", "rx", "nl2net", "--factor", "1", "2"]
    name = swept(*base, "--workers", "2", "--result_dir", "other").name
    assert name == "sweep_rx-nl2net_factor_1-2" == swept(*base).name
    more = [["--epochs", "9"], ["--seed", "1", "2"], ["--dataset", "a"], ["--dataset", "b/a.mat"]]
    more += [["--bands", "1-9"], ["--data_dir", "elsewhere"]]
    names = [swept(*base, *words).name for words in more]
    assert len({name, *names}) == 7 and names[3] == f"{name}_dataset_b+a.mat"
    long = [
        swept(*base, "--dataset", *(f"scene{n}" for n in range(last))).name for last in (40, 41)
    ]
    assert len({*long}) == 2 and max(map(len, long)) <= 100


@pytest.fixture
def plan(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The outcomes of a sweep of RX and LRX on two scenes."""
    monkeypatch.setattr(experiments.pictures, "figures_of_table", lambda *_: [])
    for seed, name in enumerate(("one", "two")):
        cube = np.random.default_rng(seed).integers(0, 4000, (13, 11, 5)).astype(np.uint16)
        truth = np.zeros((13, 11), np.uint8)
        truth[3, 4] = truth[7, 2] = 1
        savemat(f"data/{name}.mat", {"data": cube, "map": truth})
    words = ["--method", "rx", "median", "--ridge", "1", "0.01"]
    main.main(["--command", "reproduce", *words, "--gpu_ids", "-1"])
    plan = plan_table(swept(*words), data_dir=Path("data"))
    store = CellStore(Path("result/tables/cells"))
    experiments.reproduce.restore_cells(plan, store)
    return plan


def test_a_sweep_from_the_command_to_its_files(plan: Plan) -> None:
    tables = Path("result/tables")
    name = "sweep_rx-median_ridge_1.0-0.01"
    assert {path.suffix for path in tables.glob(f"{name}.*")} == {".md", ".csv", ".tex", ".json"}
    rows = json.loads((tables / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    assert [row["label"] for row in rows] == ["RX, ridge 1.0", "RX, ridge 0.01", "Median"]
    captions = (tables / name / "figures.tex").read_text(encoding="utf-8")
    assert captions.count("AUC(D,F) on ") == captions.count("begin{figure}") == 3
    assert "on two over" in captions and "on all scenes over" in captions
    assert {path.name for path in (tables / name).iterdir()} - {"figures.tex"} == {
        f"{scene}_ridge.{ending}"
        for scene in ("one", "two", "Average")
        for ending in ("png", "pdf")
    }


def test_the_curve_has_the_numbers_of_the_table(plan: Plan) -> None:
    assert swept_option(plan.table.rows) == "ridge"
    curves = curves_on(plan, ["one", "two"])
    assert curves["RX"].values == [0.01, 1.0] and np.isnan(curves["Median"].values[0])
    records = plan.records
    measured = [
        np.mean(
            [records[CellKey(label, scene, None)]["measures"]["auc_df"] for scene in ("one", "two")]
        )
        for label in ("RX, ridge 0.01", "RX, ridge 1.0")
    ]
    assert [entry.value for entry in curves["RX"].entries] == pytest.approx(measured)


def test_only_one_numeric_option_has_a_curve() -> None:
    for words in (
        ["--method", "lrx", "--ridge", "0.1", "1", "--outer_window", "13", "15"],
        ["--lossm", "l1", "l2"],
        ["--epochs", "10", "auto"],
        ["--method", "rx", "crd"],
    ):
        assert swept_option(swept(*words).rows) is None


def test_the_axes_of_a_curve() -> None:
    spread = [Entry("", 0.9, 0.01), Entry("", 0.95, 0.02)]
    level = Curve([float("nan")], [Entry("", 0.8)])
    lines = {"A": Curve([0, 100], spread), "B": level, "C": Curve([1], [Entry("", 0.7)])}
    figure = sweep_figure(lines, option="x")
    (axes,) = figure.axes
    assert axes.get_xscale() == "symlog" and axes.get_ylabel() == "AUC(D,F), mean ± sd of seeds"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1", "100"]
    plain = sweep_figure({"A": Curve([1, 2], [Entry("", 0.9), Entry("", 0.8)])}, option="x").axes[0]
    assert plain.get_xscale() == "linear" and plain.get_ylabel() == "AUC(D,F)"
