"""Maps of several methods on several scenes."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from data.scene import Scene
from detection.figures.overview import overview_figures
from detection.figures.style import PAGE


def a_scene(name: str, height: int, width: int, *, truth: bool = True) -> Scene:
    """A scene with a ground truth of one pixel, or with none."""
    cube = np.arange(height * width * 3, dtype=np.float32).reshape(height, width, 3)
    anomalous = np.zeros((height, width))
    anomalous[2, 1] = 1
    return Scene(name, cube, anomalous if truth else None, "nowhere")


def grid_of(figure: Figure) -> list[list[str]]:
    """The titles of the images of every row, from above; images of other rows have none."""
    images = [axes for axes in figure.axes if axes.images and axes.get_title() != ""]
    return [[axes.get_title() for axes in images]]


def count_images(figure: Figure) -> int:
    """Count the images, colour bars aside."""
    return sum(bool(axes.images) for axes in figure.axes)


def test_every_scene_has_the_map_of_every_method_and_its_truth() -> None:
    scenes = [a_scene("one", 10, 12), a_scene("two", 12, 10, truth=False)]
    maps = {label: np.eye(10, 12, dtype=np.float32) for label in ("RX", "AED")}
    turned = {"RX": np.eye(12, 10, dtype=np.float32)}  # AED is not computed here
    (figure,) = overview_figures([(scenes[0], maps), (scenes[1], turned)], ["RX", "AED"])
    assert figure.get_figwidth() == PAGE and count_images(figure) == 4 + 2
    assert grid_of(figure) == [["False colour", "Ground truth", "RX", "AED"]]
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert {"one", "two"} <= {*texts}


@pytest.mark.parametrize(
    ("methods", "scenes", "pages"), [(7, 2, 1), (7, 9, 2), (15, 2, 3), (8, 7, 4)]
)
def test_many_methods_and_scenes_take_several_pages(methods: int, scenes: int, pages: int) -> None:
    labels = [f"method {number}" for number in range(methods)]
    maps = {label: np.eye(12, dtype=np.float32) for label in labels}
    found = [(a_scene(f"scene {number}", 12, 12), maps) for number in range(scenes)]
    figures = overview_figures(found, labels)
    assert len(figures) == pages and all(figure.get_figheight() <= 9.2 for figure in figures)
    shown = [title for figure in figures for title in grid_of(figure)[0]]
    assert {*labels} <= {*shown}


def test_nothing_overlaps_whatever_the_shapes_and_names() -> None:
    shapes = ((30, 300), (300, 30), (40, 40))
    labels = ["RX", "_a $long$ label of many words", "PCA-TLRSR", "AED", "x" * 60, "1", "2"]
    found = []
    for number, shape in enumerate(shapes):
        maps = {label: np.eye(*shape, dtype=np.float32) for label in labels}
        found.append((a_scene(f"a_scene_$of$_a_long_name_{number}", *shape), maps))
    (figure,) = overview_figures(found, labels)
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [axes.get_tightbbox(renderer) for axes in figure.axes]
    kept = [box.shrunk(0.97, 0.97) for box in boxes if box]
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in kept)
    assert not any(one.overlaps(other) for one in kept for other in kept if one is not other)
