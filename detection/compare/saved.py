"""Saved predictions of a scene, as they are compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.registry import read_contents
from data.scene import Scene
from detection.results.known_files import FIRST
from detection.results.new_record import digest_of_cube
from detection.results.record import read_record
from detection.results.run_rows import Row, rows_in
from utils.errors import InputError
from utils.text import did_you_mean, printable_line, shape_text

PREDICTION = "prediction"
AGAIN = "predict again, or leave it out (--runs names those to compare)"
NOT_OF_SCORES = {"threshold", "map", "map_key", "weights"}  # the file of weights is in the record


@dataclass(frozen=True, eq=False)
class SavedPrediction:
    """The scores (H, W) of a saved prediction, NaN for no-data pixels, with a label of its own."""

    label: str
    folder: Path
    scores: NDArray[np.float32]


def find_predictions(folder: Path) -> list[Row]:
    """Find the predictions in the folder of a scene's results, the oldest first."""
    found = [row for row in rows_in(folder) if row.kind == PREDICTION]
    return sorted(found, key=lambda row: row.date)


def choose_predictions(
    found: Sequence[Row], *, runs: Sequence[str], titles: Sequence[str]
) -> list[Row]:
    """Select predictions by the names of their folders, or by methods, in that order, or all.

    Those that are not named are the latest of each method and options.

    Raises InputError for a name that no folder has.
    """
    if runs:
        by_name = {one.folder.name: one for one in found}
        for name in runs:
            if name not in by_name:
                hint = did_you_mean(name, by_name, before="; ")
                known = ", ".join(by_name) or "none"
                raise InputError(
                    f"--runs {name}: there is no such prediction{hint} (there are: {known})"
                )
        return [by_name[name] for name in dict.fromkeys(runs)]
    if not titles:
        return latest_of_each(found)
    return latest_of_each([one for title in titles for one in found if one.title == title])


def latest_of_each(found: Sequence[Row]) -> list[Row]:
    """Keep the latest of those predictions, the oldest first, that have the same scores.

    These are of one method, with the same weights and options, but for those that are not of the
    scores; a line names the others.
    """
    latest = {scoring_of(one): one for one in found}
    kept = [one for one in found if latest[scoring_of(one)] is one]
    others = [one.folder.name for one in found if latest[scoring_of(one)] is not one]
    if others:
        print(
            printable_line(
                f"left out, as later predictions have the same method, weights and options of the "
                f"scores: {', '.join(others)} (--runs names those to compare)"
            )
        )
    return kept


def scoring_of(one: Row) -> tuple[object, ...]:
    """Return what the scores of a prediction depend on: method, weights and options."""
    options = {name: text for name, text in one.options.items() if name not in NOT_OF_SCORES}
    return one.title, one.weights, *sorted(options.items())


def labels_of(found: Sequence[Row]) -> list[str]:
    """Label predictions: by the method and, among those of one, by the options that differ."""
    labels = [
        label_among(one, [other for other in found if other.title == one.title]) for one in found
    ]
    repeated = {label for label, number in Counter(labels).items() if number > 1}
    return [
        f"{label}, {one.folder.name}" if label in repeated else label
        for label, one in zip(labels, found, strict=True)
    ]


def label_among(one: Row, others: Sequence[Row]) -> str:
    """Label a prediction by its method and the options in which it differs from others."""
    names = {name for other in others for name in other.options}
    differing = sorted(
        name for name in names if len({other.options.get(name) for other in others}) > 1
    )
    texts = [f"{name} {one.options[name]}" for name in differing if name in one.options]
    return ", ".join([one.title, *texts])


def load_predictions(found: Sequence[Row], scene: Scene) -> list[SavedPrediction]:
    """Read the scores of predictions; raise InputError where they are not of this scene."""
    return [
        SavedPrediction(label, one.folder, read_scores(one.folder, scene))
        for one, label in zip(found, labels_of(found), strict=True)
    ]


def read_scores(folder: Path, scene: Scene) -> NDArray[np.float32]:
    """Read a saved detection map (H, W); raise InputError where it is not of this scene."""
    path = folder / FIRST
    record = read_record(folder)
    scores = read_map(path)
    if scores.shape != scene.cube.shape[:2]:
        own, wanted = map(shape_text, (scores.shape, scene.cube.shape[:2]))
        raise InputError(f"'{path}' has {own} pixels, the scene {wanted}: {AGAIN}")
    digest = digest_of_cube(scene)
    if record is not None and digest and record.digest and record.digest != digest:
        raise InputError(f"'{path}' was computed from other values than the scene has: {AGAIN}")
    return scores


def read_map(path: Path) -> NDArray[np.float32]:
    """Read a detection map of any size; raise InputError where its file is missing or damaged."""
    if not path.is_file():
        raise InputError(f"'{path}' is missing: {AGAIN}")
    try:
        found = read_contents(path).variables.get(path.stem)
        scores = None if found is None or found.dtype.kind not in "biuf" else found.read()
    except SceneError as error:
        raise InputError(f"{error}: {AGAIN}") from error
    if scores is None or np.isinf(scores).any() or np.isnan(scores).all():
        raise InputError(f"'{path}' has no finite scores: {AGAIN}")
    return np.asarray(scores, dtype=np.float32)
