"""Describe a scene (`--command info`)."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from data.formats.contents import Variable
from data.formats.format import first_bytes
from data.formats.registry import recognised
from data.georeference import Georeference
from data.known_scenes.catalogue import catalogue, known_names, source_text
from data.known_scenes.comparison import checksum_if_known, differences
from data.published import published_rows
from data.reading.bands import selection_text
from data.reading.folder import scene_contents
from data.reading.nodata import count_invalid
from data.scene import EIGHT_NEIGHBOURS, Scene, counts_text, value_text
from utils.text import counted, printable, shape_text

Facts = Iterator[tuple[str, str]]


def file_facts(path: Path) -> Facts:
    """Describe a file: its format, and each of its variables."""
    contents = scene_contents(path)
    yield "file", f"{path}, {contents.variant or contents.format}, {file_size(path):,} bytes"
    for name, variable in contents.variables.items():
        yield "variable", f"{name}: {shape_text(variable.shape)} {type_name(variable)}"


def file_size(path: Path) -> int:
    """Return the bytes of a file, of a header that of its values, or of the files of a folder."""
    if path.is_dir():
        return sum(item.stat().st_size for item in path.iterdir() if item.is_file())
    format = recognised(path, first_bytes(path))
    data = None if format is None else format.data_file(path)
    return (data or path).stat().st_size


def type_name(variable: Variable) -> str:
    """Name the type of a variable's values."""
    return "no numbers" if variable.dtype.kind == "O" else str(variable.dtype)


def scene_facts(scene: Scene, *, rx: Callable[[Scene], float | None]) -> Facts:
    """Describe a scene, the result of RX on it, and its entry in the catalogue.

    `rx` computes the AUC of RX on a scene.
    """
    height, width, bands = scene.cube.shape
    low, high = scene.range
    yield (
        "cube",
        f"{height}×{width} pixels, {counted(bands, 'band')}, {scene.cube.dtype}, "
        f"{value_text(low)} to {value_text(high)}",
    )
    metadata = scene.metadata
    if (metadata.gain, metadata.offset) != (1, 0):
        physical = (value * metadata.gain + metadata.offset for value in (low, high))
        yield "physical", "{:g} to {:g}, by the scale in the file".format(*physical)
    yield "bands", describe_bands(scene)
    yield "wavelengths", describe_wavelengths(scene)
    yield "no data", describe_no_data(scene)
    if metadata.georeference is not None:
        yield "location", describe_location(metadata.georeference, height, width)
    yield "ground truth", describe_truth(scene)
    if scene.has_both_classes:
        auc = rx(scene)
        yield "RX", "no AUC" if auc is None else f"AUC {auc:.4f}"
    yield from catalogue_facts(scene)


def describe_bands(scene: Scene) -> str:
    """Describe which of the file's bands the cube has."""
    metadata = scene.metadata
    if metadata.numbers is None:
        return "all"
    used = "no bad-band list is" if metadata.good is None else "its bad-band list is"
    return f"{selection_text(metadata.numbers)} of the file, {used} used"


def describe_no_data(scene: Scene) -> str:
    """Count masked pixels and their values that are not finite, and state the option they need."""
    if scene.masked is None:
        return "no pixel is masked, no value is NaN or infinite"
    values = scene.cube[scene.masked][np.newaxis]  # (1, pixels, B)
    empty, filled, _ = count_invalid(values, scene.metadata.no_data)
    text = (
        f"{empty.size:,} of {scene.masked.size:,} pixels are masked; {empty.sum():,} of their "
        f"values are NaN or infinite"
    )
    invalid = empty + filled
    partly = np.count_nonzero((invalid > 0) & (invalid < values.shape[2]))
    if not partly:
        return text
    return (
        f"{text}; {partly:,} of the pixels have numbers in other bands: "
        f"train and predict need --nan mask"
    )


def describe_wavelengths(scene: Scene) -> str:
    """Describe the range of a scene's wavelengths."""
    wavelengths = scene.metadata.wavelengths
    if wavelengths is None:
        return "not declared"
    return f"{wavelengths.min():g} to {wavelengths.max():g} nm"


def describe_location(georeference: Georeference, height: int, width: int) -> str:
    """Describe the location of a scene's centre."""
    rows, columns = np.array([(height - 1) / 2]), np.array([(width - 1) / 2])
    (x,), (y,) = georeference.positions(rows, columns)
    crs = georeference.crs
    system = printable(crs.name) if crs else "an unknown coordinate system"
    text = f"centre at x {x:.10g}, y {y:.10g} in {system}"
    degrees = georeference.longitudes_latitudes(rows, columns)
    if degrees is not None and not np.isnan(degrees).any():
        text += f", longitude {degrees[0][0]:.5f}°, latitude {degrees[1][0]:.5f}°"
    return text


def describe_truth(scene: Scene) -> str:
    """Describe the classes of the ground truth, and the number of objects."""
    if scene.truth is None or scene.anomalous is None:
        return "none"
    values, counts = np.unique(scene.truth[scene.evaluated], return_counts=True)
    unlabelled = "" if scene.unlabelled is None else f", {scene.unlabelled.sum():,} unlabelled"
    return (
        f"{scene.anomalies:,} of {counts.sum():,} pixels anomalous, in "
        f"{counted(count_objects(scene.anomalous & scene.evaluated), 'object')} "
        f"(pixels by value: {counts_text(values, counts)}){unlabelled}"
    )


def count_objects(anomalous: NDArray[np.bool_]) -> int:
    """Count the objects of a ground truth (H, W)."""
    _, count = label(anomalous, EIGHT_NEIGHBOURS)
    return int(count)


def catalogue_facts(scene: Scene) -> Iterator[tuple[str, str]]:
    """Compare a scene with the catalogue, and list published AUCs."""
    sums = checksum_if_known(scene.cube, catalogue().values())
    alike = [name for name, facts in catalogue().items() if facts["checksum"] == sums]
    names = known_names(scene.name) or alike
    if not names:
        yield "catalogue", "no scene of this name or with these values"
        return
    facts = catalogue()[names[0]]
    yield (
        "catalogue",
        (
            f"{' = '.join(names)}: {facts['place']}, {facts['sensor']}, "
            f"{shape_text(facts['shape'])}, {facts['anomalies']} anomalous pixels"
        ),
    )
    yield "", compare(scene, facts, sums)
    if alike and alike[0] not in names:
        yield "", f"its values are those of {alike[0]}"
    yield "source", f"{source_text(facts)}, as data/{facts['file']}"
    rows = published_rows([names[0]], methods=None)
    for source in dict.fromkeys(row.source for row in rows):
        values = [f"{row.method} {row.auc[names[0]]:.4f}" for row in rows if row.source == source]
        yield "published", f"AUC of {', '.join(values)} [{source}]"


def compare(scene: Scene, facts: Mapping[str, Any], sums: str) -> str:
    """Describe how a scene differs from the one in the catalogue, if it does."""
    different = differences(scene, facts, sums=sums)
    if different:
        return f"this is not the scene of the catalogue: {' and '.join(different)}"
    agree = "shape" if scene.truth is None else "shape, number of anomalous pixels"
    if facts["checksum"] is None:
        return f"its {agree} agree; the catalogue has no checksum of its values"
    return f"this is the scene of the catalogue: {agree} and checksum of the values agree"
