"""Figures of detection maps: their panels, their layout, their files."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from data.scene import Scene
from detection.figures.grid import balanced_grid
from detection.figures.maps import maps_figure
from detection.figures.panels import Box, reduced
from detection.figures.pictures import false_colour
from detection.figures.style import COLUMN, DPI, PAGE, save_figure
from options.stretch import Stretch

LINEAR = Stretch("linear")
RANDOM = np.random.default_rng(0)
CUBE = RANDOM.random((12, 17, 9), np.float32)
TRUTH = RANDOM.random((12, 17)) > 0.9
SCORES = RANDOM.random((12, 17), np.float32)
NO_DATA = np.zeros((12, 17), bool)
NO_DATA[:, :3] = NO_DATA[5, 9] = True


def a_scene(*, truth: NDArray[Any] | None = TRUTH, **known: Any) -> Scene:
    """A scene of random numbers, with a ground truth unless there is to be none."""
    return Scene("small", CUBE, truth, "nowhere", **known)


def images(figure: Figure) -> dict[str, NDArray[Any]]:
    """The images of a figure by their titles."""
    panels = [axes for axes in figure.axes if axes.images]
    return {axes.get_title(): np.asarray(axes.images[0].get_array()) for axes in panels}


def texts(figure: Figure) -> list[str]:
    """All texts of panels but the titles."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_maps_are_next_to_scene_and_ground_truth() -> None:
    figure = maps_figure(a_scene(), {"RX": SCORES, "NL2Net": 1 - SCORES}, stretch=LINEAR)
    shown = images(figure)
    assert list(shown) == ["False colour", "Ground truth", "RX", "NL2Net"]
    assert np.array_equal(shown["Ground truth"], TRUTH)
    assert np.array_equal(shown["RX"], SCORES) and np.array_equal(shown["NL2Net"], 1 - SCORES)
    assert f"{TRUTH.sum()} anomalous" in texts(figure)


def test_a_colour_bar_has_the_scores_of_its_ends() -> None:
    half = SCORES / np.float32(2)
    figure = maps_figure(a_scene(), {"RX": half}, stretch=Stretch("percentile", 10))
    low, high = np.percentile(half, (10, 90))
    assert {f"{low:.2g}", f"{high:.2g}"} <= {*texts(figure)}
    (note,) = (text.get_text() for text in figure.texts)
    assert note == "Bars: scores; colours from percentile 10 to percentile 90 of each map's scores"


def test_only_what_has_data_and_a_label_is_counted_and_shown() -> None:
    unlabelled = np.zeros((12, 17), bool)
    unlabelled[3] = True
    scene = a_scene(masked=NO_DATA, unlabelled=unlabelled)
    scores = np.where(NO_DATA, np.float32(np.nan), SCORES)
    figure = maps_figure(scene, {"RX": scores}, stretch=LINEAR)
    shown = images(figure)
    unknown = NO_DATA | unlabelled
    assert (shown["False colour"][NO_DATA] == 1).all()
    assert (shown["Ground truth"][unknown] == 0.5).all()
    assert np.array_equal(shown["Ground truth"][~unknown], TRUTH[~unknown])
    assert np.array_equal(np.isnan(shown["RX"]), NO_DATA)
    assert f"{(TRUTH & ~unknown).sum()} anomalous" in texts(figure)
    figure.savefig(BytesIO(), dpi=20)  # without a warning


def test_without_a_truth_there_is_no_panel_of_it() -> None:
    shown = images(maps_figure(a_scene(truth=None), {"RX": SCORES}))
    assert list(shown) == ["False colour", "RX"]
    bands = [9 * percent // 100 for percent in (40, 20, 7)]
    np.testing.assert_allclose(
        shown["False colour"], false_colour(CUBE[..., bands], bands=(0, 1, 2)), atol=1e-5
    )


def test_a_threshold_adds_what_it_detects() -> None:
    figure = maps_figure(a_scene(), {"RX": SCORES}, threshold=0.7)
    shown = images(figure)
    assert list(shown) == ["False colour", "Ground truth", "RX", "Detected"]
    assert np.array_equal(shown["Detected"], SCORES >= 0.7) and "score ≥ 0.7" in texts(figure)


@pytest.mark.parametrize(
    ("count", "aspect", "rows", "columns"),
    [
        (1, 1, 1, 1),
        (3, 1, 1, 3),
        (4, 1, 1, 4),
        (7, 1, 2, 4),  # 4 and 3
        (9, 1, 2, 5),
        (12, 1, 2, 6),
        (30, 1, 5, 6),  # on a whole page
        (3, 0.1, 3, 1),  # wide images lie below each other
        (9, 0.1, 5, 2),
        (3, 10, 1, 3),
    ],
)
def test_grids_are_balanced(count: int, aspect: float, rows: int, columns: int) -> None:
    grid = balanced_grid(count, aspect=aspect, width=PAGE)
    assert (grid.rows, grid.columns) == (rows, columns)
    assert 0 < grid.image <= grid.cell and grid.columns * grid.cell < PAGE


@pytest.mark.parametrize("labels", [["RX"], ["RX", "a _long_ label of $many$ words " * 3] * 3])
@pytest.mark.parametrize("shape", [(12, 17), (30, 400), (400, 30)])
def test_panels_titles_and_bars_do_not_overlap(labels: list[str], shape: tuple[int, int]) -> None:
    scores = np.linspace(0, 1, np.prod(shape), dtype=np.float32).reshape(shape)
    scene = Scene("small", np.stack([scores] * 3, axis=2), None, "nowhere")
    figure = maps_figure(scene, {f"{label} {n}": scores for n, label in enumerate(labels)})
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [axes.get_tightbbox(renderer) for axes in figure.axes]
    boxes += [text.get_window_extent(renderer) for text in figure.texts]
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes if box)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in boxes if box)
    found = [box.shrunk(0.98, 0.98) for box in boxes if box]
    assert not any(one.overlaps(other) for one in found for other in found if one is not other)


def test_a_single_pixel_is_seen_in_an_image_of_more_pixels_than_dots() -> None:
    large = np.full((2000, 3000), np.nan, np.float32)
    large[:1000] = 0
    large[777, 1001] = 1
    small = reduced(large, Box(0, 0, 1, 2 / 3))
    assert small.shape == (200, 300) and small[77, 100] == 1 and np.nansum(small) == 1
    assert np.isnan(small[100:]).all() and reduced(SCORES, Box(0, 0, 1, 1)) is SCORES


@pytest.mark.draws
@pytest.mark.parametrize("several", [False, True])
def test_a_figure_is_kept_for_the_screen_and_for_print(tmp_path: Path, several: bool) -> None:
    scene = a_scene() if several else a_scene(truth=None)
    with pytest.MonkeyPatch.context() as settings:
        settings.setitem(rcParams, "savefig.bbox", "tight")
        paths = save_figure(tmp_path / "a.b", maps_figure(scene, {"RX": SCORES}))
    assert [path.name for path in paths] == ["a.b.png", "a.b.pdf"]
    width = PAGE if several else COLUMN
    with Image.open(paths[0]) as picture:
        assert picture.width == round(width * DPI)
    pdf = paths[1].read_bytes()
    assert pdf.startswith(b"%PDF") and f"/MediaBox [ 0 0 {width * 72:g} ".encode() in pdf
    assert b"/FontFile2" in pdf and b"/Type3" not in pdf  # TrueType, embedded
