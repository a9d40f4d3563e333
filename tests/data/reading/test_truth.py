"""Unlabelled pixels of ground truths, and their alignment to the cube."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.formats.contents import Contents, Variable
from data.metadata import Metadata
from data.reading.labels import Truth, unlabelled_pixels
from data.reading.settings import ReadSettings
from data.reading.truth import notes_on_swap, read_truth, transpose_to_cube


def marked(values: Any, *, nan: str = "refuse", **metadata: Any) -> tuple[Any, list[str]]:
    """Return the unlabelled pixels, and the notes on them."""
    truth = np.array(values)
    variable = Variable(truth.shape, truth.dtype, truth.copy, metadata=Metadata(**metadata))
    unlabelled, notes = unlabelled_pixels(truth, variable, ReadSettings(nan=nan))
    return None if unlabelled is None else unlabelled.astype(int).tolist(), notes


@pytest.mark.parametrize(
    ("values", "fill", "expected"),
    [
        ([[0, 1, -9999]], -9999, [[0, 0, 1]]),
        ([[0.0, np.nan, 1e30]], 1e30, [[0, 1, 1]]),
        ([[0.0, np.nan, 1.0]], np.nan, [[0, 1, 0]]),
        ([[0, 1, 2]], 255, None),
        ([[0, 1, 2]], 0, None),  # as programs write it that show background transparent
        ([[0, 1, 2]], None, None),
    ],
)
def test_the_fill_value_of_a_truth_is_no_label(values: Any, fill: Any, expected: Any) -> None:
    assert marked(values, fill=fill)[0] == expected


def test_fill_values_are_those_of_the_type() -> None:
    values = np.array([[0, 0.1]], np.float32)
    assert marked(values, fill=0.1)[0] == [[0, 1]]


def test_nan_has_no_label_where_it_is_asked_for() -> None:
    values = [[0, np.nan, 1]]
    assert marked(values) == (None, [])  # which the scene refuses
    assert marked(values, nan="mask") == (
        [[0, 1, 0]],
        [
            "1 of 3 pixels of the ground truth are unlabelled (NaN or infinite): "
            "measures ignore them"
        ],
    )


def test_the_mask_of_its_file_counts() -> None:
    unlabelled, (note,) = marked([[0, 7, 1]], masked=np.array([[False, True, False]]), fill=1)
    assert unlabelled == [[0, 1, 1]]
    assert "2 of 3" in note and "(no-data value 1 or its own mask)" in note


def test_a_truth_is_turned_with_what_has_no_label(truth: NDArray[Any]) -> None:
    unlabelled = np.zeros((13, 11), bool)
    unlabelled[2] = True
    found, notes = transpose_to_cube(Truth(truth.T, unlabelled.T), (13, 11, 5), ReadSettings())
    assert found is not None and len(notes) == 1
    np.testing.assert_array_equal(found.values, truth)
    np.testing.assert_array_equal(found.unlabelled, unlabelled)


@pytest.mark.parametrize(("fill", "metadata"), [(None, True), (255, False)])
def test_a_truth_that_is_mostly_anomalous_is_noted_but_not_one_without_labels(
    fill: float | None, metadata: bool
) -> None:
    values = np.full((4, 5), 255, np.uint8)
    values[0] = 0
    cube = Variable((4, 5, 3), np.dtype("f4"), lambda: np.zeros((4, 5, 3), np.float32))
    truth = Variable((4, 5), values.dtype, lambda: values, metadata=Metadata(fill=fill))
    contents = Contents({"data": cube, "map": truth})
    found, _ = read_truth(contents, Path("x.mat"), "data", ReadSettings())
    notes = notes_on_swap(found, None)
    assert any("75% of the ground truth is not 0" in note for note in notes) == metadata
