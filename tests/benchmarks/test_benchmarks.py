"""The benchmarks on a tiny image: what they measure, compare and draw."""

import itertools
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import precision, presets, scaling, step
from benchmarks.common import image_for, timed
from benchmarks.scaling import Point, Setting, exponent, grow, memory_needed, scaling_figure
from benchmarks.step import candidates, ratio, run_rounds, table
from benchmarks.variants import VARIANTS

pytestmark = pytest.mark.draws
CPU = torch.device("cpu")


def made_up(side: int, *, power: float, spent: float = 0) -> Point:
    return Point(side**2, 2e-5 * side ** (2 * power), 1e-5 * side**2, 5e-3 * side**2, spent)


@pytest.mark.parametrize("power", [1, 1.37, 2])
def test_exponent_of_a_power_law(power: float) -> None:
    pixels = [576, 1296, 2500, 4900, 10000]
    assert exponent(pixels, [3e-4 * n**power for n in pixels]) == pytest.approx(power)


def test_exponent_is_that_of_the_upper_half() -> None:
    pixels = [100, 200, 400, 800, 1600, 3200]
    values = [n if n <= 800 else n**2 / 800 for n in pixels]
    assert exponent(pixels, values) == pytest.approx(2)
    assert exponent(pixels[:3], values[:3]) == pytest.approx(1)


def test_without_two_sizes_there_is_no_exponent() -> None:
    assert math.isnan(exponent([100], [1]))
    assert math.isnan(exponent([100, 200], [0, 1]))


def test_ratio_compares_times_of_one_round() -> None:
    # the machine is ten times slower in the last round, for both alike
    assert ratio([2, 3, 4, 50, 60], [1, 1, 1, 10, 10]) == "4.00 (3.00–5.00)"


def test_contestants_start_alike_and_stay_close() -> None:
    entries = candidates((14, 13, 3), precisions=["fp32"], device=CPU, channels=4)
    plain, ours = entries
    for name, values in plain.trainer.network.state_dict().items():
        assert torch.equal(values, ours.trainer.network.state_dict()[name])
    run_rounds(entries, rounds=3)
    assert len(plain.steps) == len(ours.reconstructions) == len(ours.losses) == 3
    assert plain.losses[2] < plain.losses[0]
    assert plain.losses == pytest.approx(ours.losses, abs=1e-5)
    heading, *rows = table(entries)
    assert [row[:11].strip() for row in rows] == ["plain", "ours fp32"]
    assert float(rows[1].split()[-1]) < 1e-3 and max(map(len, [heading, *rows])) <= 100


def test_the_baseline_has_the_kernels_of_pytorchs_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = candidates((14, 13, 3), precisions=[], device=CPU, channels=4)[0]
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    seen = []

    def look(_: torch.device) -> None:
        cudnn = torch.backends.cudnn
        seen.append((torch.get_deterministic_debug_mode(), cudnn.deterministic, cudnn.benchmark))

    monkeypatch.setattr(plain, "measure_round", look)
    torch.use_deterministic_algorithms(True)
    plain.take_round()
    assert seen == [(0, False, False)]


def test_a_difference_shows_in_the_table() -> None:
    entries = candidates((14, 13, 3), precisions=["fp32"], device=CPU, channels=4)
    run_rounds(entries, rounds=1)
    entries[1].losses[0] += 0.5
    entries[1].output = entries[0].output + 0.25
    assert list(table(entries))[2].split()[-2:] == ["5.0e-01", "2.5e-01"]


def test_step_says_what_it_leaves_out_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    step.main(["--size", "7", "6", "2", "--rounds", "1", "--threads", "1"])
    printed = capsys.readouterr().out
    assert "7×6×2" in printed and f"torch {torch.__version__}" in printed and "1 thread," in printed
    assert "tf32 is left out: only CUDA devices have it" in printed
    supported = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    assert ("bf16 is left out: this CPU has no bf16 instructions" in printed) != supported
    assert ("ours bf16" in printed) == supported
    assert "ours fp32" in printed and "ours tf32" not in printed


def test_both_get_the_same_image() -> None:
    plain, ours = image_for("plain", 7, 5, 3), image_for("fp32", 7, 5, 3)
    assert plain.is_contiguous() and torch.equal(plain, ours)


def test_work_is_timed() -> None:
    result, seconds = timed(lambda: "done", CPU)
    assert result == "done" and 0 <= seconds < 1


@pytest.mark.parametrize("name", ["plain", "fp32"])
def test_a_size_is_measured(name: str) -> None:
    point = scaling.measure(
        name, 24, Setting(bands=3, threads=1, device="cpu", limit=9, channels=4)
    )
    assert point.pixels == 576 and point.memory >= 0
    assert 0 < point.reconstruction < point.spent and 0 < point.step < point.spent


def test_a_measurement_has_a_process_of_its_own() -> None:
    assert scaling.in_fresh_process(os.getpid) != os.getpid()


def test_sizes_grow_by_the_root_of_two() -> None:
    sides = list(itertools.islice(scaling.sides(), 11))
    assert sides[0] == 24 and sides[4] == 100 and not any(side % 2 for side in sides)
    assert np.divide(sides[1:], sides[:-1]) == pytest.approx(math.sqrt(2), rel=0.07)


def instead_of(*spent: float) -> Callable[[Callable[[], Point]], Point]:
    """Points that took these seconds, instead of measurements."""
    sides = itertools.islice(scaling.sides(), len(spent))
    points = [made_up(side, power=1, spent=s) for side, s in zip(sides, spent, strict=True)]
    return lambda work: points.pop(0)


def test_sizes_grow_until_one_takes_too_long() -> None:
    setting = Setting(bands=3, threads=1, device="cpu", limit=2)
    points = list(grow("fp32", setting, instead_of(0.5, 1, 2.5, 4)))
    assert [point.spent for point in points] == [0.5, 1, 2.5]


def test_what_does_not_fit_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scaling, "mebibytes_available", lambda device: 8.0)
    setting = Setting(bands=3, threads=1, device="cpu", limit=2)
    assert len(list(grow("fp32", setting, instead_of(0, 0, 0, 0)))) == 2  # of 2.9 and 6.5 MiB
    assert "2500  left out, it would not fit into memory" in capsys.readouterr().out


def test_memory_is_foretold_from_the_last_size() -> None:
    points = [Point(10_000, 1, 1, 200, 1)]
    assert memory_needed("fp32", 200, points) == pytest.approx(800)
    attention = scaling.similarities(10_000)
    assert memory_needed("plain", 200, points) == pytest.approx(
        4 * (200 - attention) + 16 * attention
    )


def test_figure_shows_all_and_their_exponents(tmp_path: Path) -> None:
    curves = {
        name: [made_up(side, power=power) for side in (24, 50, 100, 200)]
        for name, power in {"plain": 1.52, "fp32": 1.04}.items()
    }
    figure = scaling_figure(curves, title="made up")
    time, memory = figure.axes
    labels = [text.get_text() for text in time.get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels[0] == "plain, training step: $N^{1.52}$" and len(labels) == 4
    assert len(memory.lines) == 2 and memory.get_ylabel() == "peak memory (MiB)"
    figure.savefig(tmp_path / "figure.png")


def test_scaling_prints_and_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scaling, "in_fresh_process", lambda work: work())
    path = tmp_path / "figs" / "scaling.png"
    scaling.main(["--limit", "0", "--bands", "2", "--threads", "1", "--figure", str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[:2] == ["plain", "576"] and lines[3].split()[:2] == ["ours", "576"]
    assert path.read_bytes().startswith(b"\x89PNG")


def test_losses_in_every_precision_are_compared_and_drawn(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    precision.main(["--dataset", small_scene, "--epochs", "2", "--figure", "curves.png"])
    lines = capsys.readouterr().out.splitlines()
    plain, fp32 = (line for line in lines if line.split()[0] in ("plain", "fp32"))
    assert plain.split()[2:4] == ["0.0e+00", "0.0e+00"]
    assert float(fp32.split()[3]) < 1e-5 and 0 < float(fp32.split()[4]) < 1
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")


def test_loss_figure_shows_who_is_off() -> None:
    losses = {"plain": np.array([4.0, 2.0]), "fp32": np.array([4.0, 2.0]), "bf16": np.array([4, 3])}
    above, below = precision.loss_figure(losses, title="made up").axes
    assert len(above.lines) == 3 and len(below.lines) == 2
    assert list(below.lines[1].get_ydata()) == [0, 50]  # type: ignore[arg-type]


def test_each_ingredient_of_the_preset_is_taken_away(
    small_scene: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {name: replace(each, epochs=2) for name, each in VARIANTS.items()}
    monkeypatch.setattr(presets, "VARIANTS", few)
    presets.main(["--scenes", small_scene, "--seeds", "1"])
    table = capsys.readouterr().out.splitlines()[len(few) + 1 :]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]
    assert rows[0] == ["", small_scene, "mean", "seeds"]
    aucs = {row[0]: float(row[1]) for row in rows[2:]}
    assert set(few) < set(aucs) and all(0 <= auc <= 1 for auc in aucs.values())
    assert len({aucs[name] for name in few}) > 1
