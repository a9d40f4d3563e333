"""Texts of figures are shown as they are."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.cbook import is_math_text

from data.scene import Scene
from detection.figures.boxes import separability_figure
from detection.figures.curves import auc_figure, roc_figure
from detection.figures.figure_text import figure_text, fitted_text, paragraph, text_width
from detection.figures.maps import maps_figure
from detection.figures.style import save_figure

LABELS = ("RX $x_{$", "$a$ and $b$", "_hidden", "\\frac{", "50 % & #1 {x^", "日本 😀")


@pytest.mark.parametrize("label", LABELS)
def test_no_text_is_mathematics(label: str) -> None:
    text = figure_text(label)
    assert not is_math_text(text) and text.replace(r"\$", "$").strip() == label


def test_a_legend_has_all_labels() -> None:
    truth = np.zeros((4, 5), bool)
    truth[1, 2] = True
    values = np.linspace(0, 1, 20, dtype=np.float32).reshape(4, 5)
    scores = dict.fromkeys(LABELS, values)
    shown = [figure_text(label) for label in LABELS]
    for figure in (roc_figure(truth, scores), auc_figure(dict.fromkeys(LABELS, [(1, 0.5)]))):
        entries = [text.get_text() for text in figure.legends[0].get_texts()]
        assert [entry.rpartition("  ")[0] for entry in entries] == shown
    ticks = separability_figure(truth, scores).axes[0].get_xticklabels()
    assert [text.get_text() for text in ticks] == shown
    scene = Scene("small", np.stack([values] * 3, axis=2), truth, "nowhere")
    titles = [axes.get_title() for axes in maps_figure(scene, scores).axes if axes.images]
    assert titles[2:] == shown


@pytest.mark.draws
def test_a_figure_of_such_labels_is_drawn(tmp_path: Path) -> None:
    curves = {label: [(1, 0.5), (2, 0.6)] for label in LABELS}
    for path in save_figure(tmp_path / "auc", auc_figure(curves)):
        assert path.stat().st_size > 1000


def test_a_long_label_leaves_room_for_the_figure() -> None:
    assert len(figure_text("x" * 1000)) == 60


@pytest.mark.parametrize("text", [*LABELS, "RX", "a label of many words", "x" * 200, ""])
@pytest.mark.parametrize("lines", [1, 3])
def test_a_fitted_text_has_the_width(text: str, lines: int) -> None:
    fitted = fitted_text(text, inches=0.8, lines=lines).replace(r"\$", "$").split("\n")
    assert len(fitted) <= lines and all(text_width(line) <= 0.85 for line in fitted)
    assert fitted_text("RX", inches=0.8) == "RX" and "…" in fitted_text("x" * 50, inches=0.8)


def test_a_paragraph_loses_nothing() -> None:
    text = "Scores of the maps " * 20
    found = paragraph(text, inches=2)
    assert found.split() == text.split() and max(map(text_width, found.split("\n"))) <= 2
