"""What is in a scene, and what is known about it, in words."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import label

from data.catalogue import catalogue, checksum, known_names
from data.formats.contents import Variable
from data.formats.registry import read_contents
from data.georeference import Georeference
from data.published import published_rows
from data.reading.bands import selection_text
from data.reading.nodata import without_data
from data.scene import EIGHT_NEIGHBOURS, Scene
from utils.text import number_text, shape_text

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


def facts_of_scene(scene: Scene, *, rx: Callable[[Scene], str]) -> Facts:
    """What a scene is made of, how RX does on it, and what the catalogue knows of it.

    `rx` says how RX does on a scene, in words.
    """
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
        yield "RX", rx(scene)
    yield from known_facts(scene)


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


def known_facts(scene: Scene) -> Iterator[tuple[str, str]]:
    """What the catalogue says of a scene, whether this is it, and what was published on it."""
    sums = checksum_if_known(scene)
    alike = [name for name, facts in catalogue().items() if facts["checksum"] == sums]
    names = known_names(scene.name) or alike
    if not names:
        yield "catalogue", "no scene of this name or of these values"
        return
    facts = catalogue()[names[0]]
    yield (
        "catalogue",
        (
            f"{' = '.join(names)}: {facts['place']}, {facts['sensor']}, "
            f"{shape_text(facts['shape'])}, {facts['anomalies']} anomalous pixels"
        ),
    )
    yield "", verdict(scene, facts, sums)
    if alike and alike[0] not in names:
        yield "", f"its values are those of {alike[0]}"
    yield "source", f"{facts['source']}, as data/{facts['file']}"
    rows = published_rows([names[0]], methods=None)
    for source in dict.fromkeys(row.source for row in rows):
        told = [f"{row.method} {row.auc[names[0]]:.4f}" for row in rows if row.source == source]
        yield "published", f"AUC of {', '.join(told)} [{source}]"


def checksum_if_known(scene: Scene) -> str:
    """The checksum of a cube's values; none where no scene of the catalogue has its shape."""
    shapes = [tuple(facts["shape"]) for facts in catalogue().values()]
    return checksum(scene.cube) if scene.cube.shape in shapes else ""


def verdict(scene: Scene, facts: Mapping[str, Any], sums: str) -> str:
    """Whether a scene is the one that the catalogue has under its name."""
    different = []
    if list(scene.cube.shape) != facts["shape"]:
        different.append(f"its shape is {shape_text(scene.cube.shape)}")
    elif facts["checksum"] not in (None, sums):
        different.append("its values are others")
    if scene.truth is not None and scene.anomalies != facts["anomalies"]:
        different.append(f"its map has {scene.anomalies} anomalous pixels")
    if different:
        return f"this is not that scene as it is known: {' and '.join(different)}"
    agree = "shape" if scene.truth is None else "shape, number of anomalous pixels"
    if facts["checksum"] is None:
        return f"its {agree} agree; no checksum of the values is known here"
    return f"this is that scene: {agree} and checksum of the values agree"
