"""What is in a scene, and what is known about it, in words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.ndimage import label

from data.errors import number_text, shape_text
from data.formats.contents import Variable
from data.formats.registry import read_contents
from data.georeference import Georeference
from data.reading.bands import selection_text
from data.reading.nodata import without_data
from data.scene import Scene
from data.tensors import cube_to_image
from detection.measures import measure
from detection.objects import EIGHT_NEIGHBOURS
from experiments.detection import detect
from experiments.known import known_facts
from options.parse import method_options_of

Facts = Iterator[tuple[str, str]]


def facts_of_file(path: Path) -> Facts:
    """What a file holds: its format, and each of its variables."""
    contents = read_contents(path)
    yield "file", f"{path}, {contents.format}, {path.stat().st_size:,} bytes"
    for name, variable in contents.variables.items():
        yield "variable", f"{name}: {shape_text(variable.shape)} {kind(variable)}"


def kind(variable: Variable) -> str:
    """The type of a variable's values."""
    return "no numbers" if variable.dtype.kind == "O" else str(variable.dtype)


def facts_of_scene(scene: Scene) -> Facts:
    """What a scene is made of, how RX does on it, and what the catalogue knows of it."""
    height, width, bands = scene.cube.shape
    low, high = scene.range
    yield (
        "cube",
        f"{height}×{width} pixels, {bands} bands, {scene.cube.dtype}, "
        f"{brief(low)} to {brief(high)}",
    )
    metadata = scene.metadata
    if (metadata.gain, metadata.offset) != (1, 0):
        physical = (value * metadata.gain + metadata.offset for value in (low, high))
        yield "physical", "{:g} to {:g}, by the scale that the file tells".format(*physical)
    yield "bands", bands_used(scene)
    yield "wavelengths", spectral_range(scene)
    yield "no data", pixels_without(scene)
    if metadata.georeference is not None:
        yield "place", place(metadata.georeference, height, width)
    yield "map", classes(scene)
    if scene.has_both_classes:
        yield "RX", rx_in_words(scene)
    yield from known_facts(scene)


def rx_in_words(scene: Scene) -> str:
    """The AUC of RX with its defaults."""
    method, options = method_options_of({"method": "rx"})
    image, cpu = cube_to_image(scene.scaled_cube()), torch.device("cpu")
    scores, _ = detect(method, image, trainer=None, device=cpu, options=options)
    measures = measure(scene.anomalous, scene.labelled(scores))
    return f"AUC {measures.auc_df:.4f}" if measures else "no AUC"


def brief(value: Any) -> str:
    """A whole number in all its digits, another in six."""
    return number_text(value) if float(value).is_integer() else f"{value:g}"


def bands_used(scene: Scene) -> str:
    """Which of the file's bands the cube has."""
    metadata = scene.metadata
    if metadata.numbers is None:
        return "all"
    told = "no" if metadata.good is None else "its"
    return f"{selection_text(metadata.numbers)} of the file, {told} bad-band list is followed"


def pixels_without(scene: Scene) -> str:
    """How many pixels are masked, how many values of theirs are no numbers, and what that takes."""
    if scene.masked is None:
        return "no pixel is masked, no value is NaN or infinite"
    values = scene.cube[scene.masked][np.newaxis]  # (1, pixels, B)
    empty, filled, _ = without_data(values, scene.metadata.fill)
    text = (
        f"{empty.size:,} of {scene.masked.size:,} pixels are masked; {empty.sum():,} of their "
        f"values are NaN or infinite"
    )
    spoilt = empty + filled
    partly = np.count_nonzero((spoilt > 0) & (spoilt < values.shape[2]))
    if not partly:
        return text
    return (
        f"{text}; {partly:,} of the pixels have numbers in other bands: "
        f"train and predict want --nan mask"
    )


def spectral_range(scene: Scene) -> str:
    """The wavelengths of a scene's bands."""
    wavelengths = scene.metadata.wavelengths
    if wavelengths is None:
        return "not told"
    return f"{wavelengths.min():g} to {wavelengths.max():g} nm"


def place(georeference: Georeference, height: int, width: int) -> str:
    """Where a scene lies."""
    rows, columns = np.array([(height - 1) / 2]), np.array([(width - 1) / 2])
    (x,), (y,) = georeference.positions(rows, columns)
    system = georeference.crs.name if georeference.crs else "an unknown coordinate system"
    text = f"middle at x {x:.10g}, y {y:.10g} in {system}"
    degrees = georeference.longitudes_latitudes(rows, columns)
    if degrees is not None and not np.isnan(degrees).any():
        text += f", longitude {degrees[0][0]:.5f}°, latitude {degrees[1][0]:.5f}°"
    return text


def classes(scene: Scene) -> str:
    """How many pixels of which class the truth has, and how many objects they make."""
    if scene.truth is None or scene.anomalous is None:
        return "none"
    values, counts = np.unique(scene.truth[scene.measured], return_counts=True)
    shown = [f"{brief(value)}: {count:,}" for value, count in zip(values[:8], counts, strict=False)]
    more = f", … {len(values)} values" if len(values) > 8 else ""
    _, count = label(scene.anomalous & scene.measured, EIGHT_NEIGHBOURS)
    unlabelled = "" if scene.unlabelled is None else f", {scene.unlabelled.sum():,} unlabelled"
    objects = "1 object" if count == 1 else f"{count} objects"
    return (
        f"{scene.anomalies:,} of {counts.sum():,} pixels anomalous, in {objects} "
        f"(pixels by value: {', '.join(shown)}{more}){unlabelled}"
    )
