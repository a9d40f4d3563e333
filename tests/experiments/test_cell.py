"""Cells: keys, records, costs, and failures that are results."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import savemat

import model.detectors.rx
from data.reading.by_name import load_scene
from data.reading.from_file import read_scene
from data.scene import Scene
from detection.measures import MEASURES, compute_measures
from experiments.cell import Cell, Outcome, compute, score
from model.build import build_detector
from model.methods import METHODS
from options.flags import FLAGS
from options.parse import parse, resolve
from utils.json_text import json_value

NAMES = [name for name, method in METHODS.items() if method.variant_of is None]
SMALL: dict[str, float] = {"nch_ker": 4, "nblk": 2, "epochs": 2, "components": 3, "rank": 3}
SMALL |= {"clusters": 2, "atoms": 4, "largest_part": 0.3}
OTHER = {
    **{"epochs": 3, "learning_rate": 0.5, "weight_decay": 0.5, "seed": 2, "lossm": "l2"},
    **{
        "factor_train": 4,
        "factor_test": 4,
        "nch_ker": 5,
        "nblk": 3,
        "mode": ("na", "na"),
        "f_scale": 1,
    },
    **{"precision": "bf16", "preset": "fast", "tile": 64},
    **{"blindspot": 7, "dilation": 3, "refinement": True},
    **{"average_every": 3, "score": "combined", "largest_object": 7},
    **{"ss_exp_factor": 0.5, "inner_window": 9, "outer_window": 11, "ridge": 0.5},
}


def other_value(option: str, value: object) -> object:
    """Return a value that differs from the given one, for any option of a method."""
    if option in OTHER:
        return OTHER[option]
    flag = FLAGS[option]
    return next(other for other in map(flag.check, flag.type.accepted) if other != value)


def a_cell(method: str = "nl2net", dataset: str = "small", **changes: Any) -> Cell:
    """Make a cell of a method with small options, these ones changed."""
    small = {name: value for name, value in SMALL.items() if name in METHODS[method].options}
    _, options = resolve({"method": method, **small})
    scene, file = Path(dataset).stem, Path("data") / Path(dataset).with_suffix(".mat").name
    digest = read_scene(file, name=scene).digest if file.is_file() else "1"
    return Cell(scene, dataset, str(file), digest, method, {**options, **changes})


def done(cell: Cell, **settings: Any) -> Outcome:
    """Compute a cell on the CPU."""
    return compute(cell, gpu_ids=(-1,), **settings)


@pytest.mark.parametrize("method", NAMES)
def test_every_option_changes_the_key(method: str) -> None:
    cell = a_cell(method)
    others = [
        replace(cell, options={**cell.options, option: other_value(option, value)})
        for option, value in cell.options.items()
    ]
    keys = {one.key for one in (cell, *others)}
    assert len(keys) == len(METHODS[method].options) + 1
    assert all(key.startswith(f"{method}_") for key in keys)


def test_scene_and_method_change_the_key() -> None:
    cell = a_cell("nl2net")
    others = [replace(cell, digest="2"), replace(cell, method="nlfeb")]
    assert len({one.key for one in (cell, *others)}) == 3


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"method": "rx"}, "rx_1c1c6ce9dde85f9c"),
        ({"method": "nl2net", "seed": 1, "epochs": 5000}, "nl2net_9499a6f3aed6fefc"),
        (
            {
                **{"method": "apbsn", "preset": "fast", "precision": "fp32"},
                **{"score": "deviation", "largest_object": 0},
            },
            "apbsn_9c38ca5e191f60e2",
        ),
    ],
)
def test_keys_are_those_of_before_there_were_scores(settings: dict[str, Any], key: str) -> None:
    """Recorded in November 2026: the cells of that time count as computed."""
    method, options = resolve(settings)
    assert Cell("s", "s", "f", "d", method, options).key == key


def test_a_revision_of_the_method_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = a_cell("rx")
    before = cell.key
    monkeypatch.setitem(METHODS, "rx", replace(METHODS["rx"], revision=2))
    assert cell.key != before


def test_neither_path_nor_order_changes_the_key() -> None:
    cell = a_cell("nl2net")
    turned = dict(reversed(list(cell.options.items())))
    moved = replace(cell, dataset="elsewhere/small.mat", file="/elsewhere/small.mat")
    same = (moved, replace(cell, options=turned), replace(cell, eval_freq=1))
    keys = {one.key for one in (cell, *same)}
    assert len(keys) == 1
    (key,) = keys
    assert "/" not in key and " " not in key


def test_a_scene_is_the_same_in_another_file(small_scene: str) -> None:
    path = Path("data/small.mat")
    digest = read_scene(path, name="small").digest
    path.rename("data/other.mat")
    assert load_scene("other", data_dir=Path("data")).digest == digest


@pytest.mark.parametrize("place", [(0, 0, 0), (12, 10, 4)])
def test_one_count_makes_another_scene(
    workplace: Path, cube: NDArray[Any], truth: NDArray[Any], place: tuple[int, ...]
) -> None:
    digests = set()
    for change in (0, 1):
        cube[place] += np.uint16(change)
        savemat("data/x.mat", {"data": cube, "map": truth})
        digests.add(load_scene("x", data_dir=Path("data")).digest)
    savemat("data/x.mat", {"data": cube, "map": 1 - truth})
    digests.add(load_scene("x", data_dir=Path("data")).digest)
    assert len(digests) == 3


@pytest.mark.parametrize("method", NAMES)
def test_a_record_has_options_measures_costs_and_versions(
    small_scene: str, cube: NDArray[Any], truth: NDArray[Any], method: str
) -> None:
    wider = np.dstack([cube, cube[::-1]])  # more bands, which some methods need
    savemat("data/small.mat", {"data": wider, "map": truth})
    outcome = done(a_cell(method))
    record = json.loads(json.dumps(outcome.record))  # as it is saved
    assert outcome.scores is not None and "failed" not in record
    assert outcome.scores.shape == (13, 11) and outcome.scores.dtype == np.float32
    assert (outcome.scores.min(), outcome.scores.max()) == (0, 1)
    assert (record["scene"], record["dataset"], record["method"]) == ("small", "small", method)
    assert record["title"] == METHODS[method].title and record["shape"] == [13, 11, 10]
    assert list(record["options"]) == list(METHODS[method].options)
    anomalous = load_scene("small", data_dir=Path("data")).anomalous
    assert record["measures"] == json_value(compute_measures(anomalous, outcome.scores))
    assert list(record["measures"]) == list(MEASURES)
    assert {"date", "device", "threads", "versions"} <= set(record)
    assert {"python", "torch", "numpy", "scipy", "scikit-learn"} == set(record["versions"])
    assert min(record["inference_seconds"], record["cpu_seconds"]) > 0
    assert record["peak_memory_mib"] >= 0
    trained = {"parameters", "flops", "training_seconds", "loss", "epochs_done", "auc_over_epochs"}
    assert trained <= set(record) if METHODS[method].trained else not trained & set(record)
    if METHODS[method].trained:
        assert record["epochs_done"] == 2 and min(record["parameters"], record["flops"]) > 0


@pytest.mark.parametrize("method", NAMES)
def test_the_command_of_a_cell_has_its_options(method: str) -> None:
    cell = replace(a_cell(method, "some where/small.mat"), eval_freq=0)
    python, program, *words = shlex.split(cell.command())
    args, given = parse(words)
    assert (python, program, args.command) == ("python", "main.py", "run")
    assert args.dataset == ["some where/small.mat"] and args.method == method
    assert {name: getattr(args, name) for name in cell.options} == cell.options
    assert set(given) == {"command", "dataset", "method", *cell.options}


@pytest.mark.parametrize("method", ["nl2net", "autoad", "crd"])
def test_a_cell_gives_the_same_scores_again(small_scene: str, method: str) -> None:
    first, second = (done(a_cell(method)).scores for _ in range(2))
    assert first is not None and second is not None and np.array_equal(first, second)


def test_evaluating_changes_no_score_and_ends_with_the_auc(small_scene: str) -> None:
    cell = a_cell("nlfeb")
    plain, evaluated = done(cell), done(replace(cell, eval_freq=1))
    assert plain.scores is not None and evaluated.scores is not None
    assert np.array_equal(plain.scores, evaluated.scores)
    curve = evaluated.record["auc_over_epochs"]
    assert [epoch for epoch, _ in curve] == [1, 2] and plain.record["auc_over_epochs"] == []
    assert curve[-1][1] == evaluated.record["measures"]["auc_df"]
    assert done(replace(cell, eval_freq=3)).record["auc_over_epochs"] == []


def test_every_epoch_is_reported_with_its_pixels(small_scene: str) -> None:
    reported: list[float] = []
    cell = a_cell("lfeb", epochs=3)
    done(cell, advance=reported.append)
    assert reported == [13 * 11] * 3 and sum(reported) == cell.work * 13 * 11


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        ({"method": "nl2net"}, 5000),
        ({"method": "pdbsnet", "preset": "fast"}, 900),
        *(({"method": name}, METHODS[name].defaults["epochs"]) for name in ("gthad", "directnet")),
    ],
)
def test_the_work_of_auto_is_that_of_its_epochs(settings: dict[str, str], epochs: int) -> None:
    """The same number is that at which the training ends."""
    method, options = resolve({**settings, "epochs": "auto"})
    of_auto, of_epochs = (
        Cell("s", "s", "f", "d", method, {**options, "epochs": number}).work
        for number in ("auto", epochs)
    )
    assert of_auto == of_epochs == epochs * METHODS[method].epoch_work
    small = {name: value for name, value in SMALL.items() if name in options and name != "epochs"}
    shape, cpu = torch.Size((1, 4, 21, 23)), torch.device("cpu")
    trainer = build_detector(method, shape, device=cpu, options=resolve({**settings, **small})[1])
    assert trainer.auto_epochs == epochs


def test_a_truth_of_one_class_has_scores_but_no_measures(
    workplace: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    savemat("data/small.mat", {"data": cube, "map": truth * 0})
    outcome = done(replace(a_cell("lfeb"), eval_freq=1))
    assert outcome.scores is not None and outcome.record["measures"] is None
    assert outcome.record["auc_over_epochs"] == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dataset": "nothing"}, "no scene 'data/nothing.mat': looked for data/nothing.mat"),
        ({"factor_train": 12}, "factor 12 is larger than the image, 13×11"),
        ({"method": "lrx", "inner_window": 13}, "the inner window, 13, hides all of an image"),
        ({"method": "crd", "inner_window": 4}, "the inner window is 4, but needs a centre"),
        (
            {"method": "pca_tlrsr", "components": 6},
            "components 6, but the scene's number of bands is 5",
        ),
        ({"method": "pta", "rank": 6}, "the rank, 6, is above that of the scene (bands: 5"),
        ({"method": "lsmad", "rank": 0}, "the rank, 0, is not one from 1 to 5, that of the scene"),
        ({"method": "lfeb", "learning_rate": 1e30, "epochs": 9}, "learning rate"),
    ],
    ids=str,
)
def test_an_error_is_the_result(small_scene: str, changes: dict[str, Any], reason: str) -> None:
    cell = a_cell(**changes)
    outcome = done(cell)
    assert outcome.scores is None and reason in outcome.record["failed"]
    assert "\n" not in outcome.record["failed"]
    assert "Traceback" in outcome.record["traceback"]
    assert {**cell.record(), **outcome.record} == outcome.record


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "MemoryError"),
        (RuntimeError("two\n  lines"), "two lines"),
        (KeyError(3), "3"),
    ],
)
def test_errors_of_any_kind_have_a_reason(
    small_scene: str, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(model.detectors.rx, "global_rx", fail)
    assert done(a_cell("rx")).record["failed"] == reason


def test_an_interrupt_is_no_failure(small_scene: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(model.detectors.rx, "global_rx", interrupt)
    with pytest.raises(KeyboardInterrupt):
        done(a_cell("rx"))


def test_a_scene_that_has_changed_is_refused(
    small_scene: str, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    cell = a_cell("rx")
    savemat("data/small.mat", {"data": cube + np.uint16(1), "map": truth})
    outcome = done(cell)
    assert outcome.scores is None
    assert "'data/small.mat' has changed since the start" in outcome.record["failed"]


@pytest.mark.parametrize("method", ["rx", "lfeb"])
def test_no_data_pixels_and_missing_labels_are_not_measured(
    cube: NDArray[Any], truth: NDArray[Any], method: str
) -> None:
    masked = np.indices(truth.shape).sum(axis=0) < 4
    reported: list[float] = []
    outcomes = []
    unlabelled = np.zeros(truth.shape, bool)
    unlabelled[3:5] = True  # with one of the three anomalous pixels
    for known_truth, unknown in ((None, None), (truth, unlabelled)):
        scene = Scene("small", cube, known_truth, "memory", masked=masked, unlabelled=unknown)
        cell = replace(a_cell(method), eval_freq=1)
        outcomes.append(score(cell, scene, gpu_ids=(-1,), advance=reported.append))
    (without, scores), (record, same_scores) = outcomes
    assert np.array_equal(np.isnan(scores), masked)
    np.testing.assert_array_equal(scores, same_scores)
    assert without["measures"] is None and not without.get("auc_over_epochs")
    seen = ~masked & ~unlabelled
    expected = compute_measures(truth[seen] != 0, scores[seen])
    assert record["measures"] == json_value(expected) and expected is not None
    if METHODS[method].trained:
        assert reported == [13 * 11] * 4
        assert record["auc_over_epochs"][-1] == (2, expected["auc_df"])


def test_old_cells_are_found_again() -> None:
    """Keys of cells as earlier versions have saved them."""
    rx = Cell("s", "s", "s", "digest", "rx", {"ridge": 1e-6})
    assert rx.key == "rx_ee08a3738e5e25e4"
