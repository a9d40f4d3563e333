"""The spectra in a page: which pixels, how exact, and of which background."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import detection.report.spectra
from data.metadata import Metadata
from detection.report.notes import spectra_notes
from detection.report.quantised import Quantised, quantise
from detection.report.spectra import choose_pixels, on_grid, page_spectra
from options.types import Threshold
from tests.detection.report.pages import CUBE, MASKED, NO_DATA, SCORES, TRUTH, prediction


def restored(values: Quantised) -> NDArray[np.float64]:
    """The values that a page computes."""
    return values.numbers * values.scale + values.offset


@pytest.mark.parametrize("bits", [8, 16])
def test_values_are_restored_to_half_a_step(bits: int) -> None:
    values = np.random.default_rng(0).normal(size=(40000, 3)) * [1, 100, 0] - [0, 1e6, 7]
    made = quantise(values, bits=bits)
    assert made.numbers.dtype.itemsize == bits // 8
    differences = np.abs(restored(made) - values).max(axis=0)
    extent = values.max(axis=0) - values.min(axis=0)
    assert (differences <= extent / (2**bits - 1) / 2 * 1.0001).all()
    assert made.error == pytest.approx(extent.max() / (2**bits - 1) / 2)
    in_units = made.in_units(-2, 5)
    assert np.allclose(restored(in_units), -2 * restored(made) + 5)
    assert in_units.error == 2 * made.error


def test_whole_numbers_that_fit_are_exact() -> None:
    values = np.array([[-300, 0], [65235, 7]], np.int32)
    made = quantise(values, bits=16)
    assert np.array_equal(restored(made), values) and made.error == 0
    assert quantise(values, bits=8).error == 65535 / 255 / 2


def test_all_valid_pixels_are_chosen_where_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = MASKED["scores"]
    valid = np.count_nonzero(~NO_DATA)
    for bound, bits in ((valid * 10 * 2, 16), (valid * 10 * 2 - 1, 8), (valid * 10, 8)):
        monkeypatch.setattr(detection.report.spectra, "SPECTRA_BYTES", bound)
        chosen = choose_pixels(scores, values=10)
        assert (chosen.step, chosen.bits) == (1, bits) and chosen.regular.all()
        assert np.array_equal(np.nonzero(~NO_DATA), (chosen.rows, chosen.columns))


def test_else_a_grid_and_the_highest_scores_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = 200 * 10 * 2  # of 200 pixels in 16 bits
    monkeypatch.setattr(detection.report.spectra, "SPECTRA_BYTES", bound)
    chosen = choose_pixels(MASKED["scores"], values=10)
    assert (chosen.step, chosen.bits) == (4, 16)
    marked = np.zeros(TRUTH.shape, bool)
    marked[chosen.rows, chosen.columns] = True
    rows, columns = (on_grid(np.arange(length), 4) for length in TRUTH.shape)
    grid = rows[:, None] & columns & ~NO_DATA
    assert marked.sum() <= 200 and (marked & grid).sum() == grid.sum() and not marked[NO_DATA].any()
    assert chosen.regular.sum() == grid.sum()
    others = np.where(grid | NO_DATA, np.nan, SCORES)
    assert SCORES[marked & ~grid].min() >= np.nanmax(np.where(marked, np.nan, others))
    notes = " ".join(spectra_notes(made := prediction(**MASKED), page_spectra(made)))
    assert "of 1,039 pixels, as its bound of" in notes and "steps of 3 pixels" in notes


def test_spectra_and_reconstructions_are_in_physical_units() -> None:
    metadata = Metadata(gain=0.5, offset=-3)
    unit = prediction().scene.scaled_cube()
    cube = np.round(1000 * CUBE).astype(np.uint16)
    made = prediction(cube=cube, metadata=metadata, reconstruction=unit**2)
    spectra = page_spectra(made)
    assert np.array_equal(restored(spectra.spectra), cube.reshape(-1, 5) * 0.5 - 3)
    low, high = float(cube.min()), float(cube.max())
    expected = (unit.reshape(-1, 5) ** 2 * (high - low) + low) * 0.5 - 3
    assert spectra.reconstruction is not None
    error = np.abs(restored(spectra.reconstruction) - expected).max()
    assert error <= 1.01 * spectra.reconstruction.error < 0.01
    notes = " ".join(spectra_notes(made, spectra))
    assert "times 0.5 plus -3" in notes and "With 16 bits, they are exact; reconstr" in notes


@pytest.mark.parametrize("threshold", [None, Threshold("value", 0.3)])
def test_the_background_is_below_the_threshold_without_labels(threshold: Any) -> None:
    metadata = Metadata(gain=-2, offset=1)
    made = prediction(**MASKED, threshold=threshold, metadata=metadata)
    background = page_spectra(made).background
    limit = np.float32(0.3) if threshold else np.quantile(SCORES[~NO_DATA], 0.99)
    pixels = CUBE[~NO_DATA & (limit > SCORES)].astype(float) * -2 + 1
    assert background.pixels == len(pixels)
    assert np.allclose(background.mean, pixels.mean(axis=0))
    assert np.allclose(background.deviation, pixels.std(axis=0))
    [note] = [note for note in spectra_notes(made, page_spectra(made)) if "Background" in note]
    assert f"{len(pixels):,} pixels whose score is below {limit:.4g}" in note


def test_all_pixels_are_the_background_where_all_are_detected() -> None:
    made = prediction(threshold=Threshold("value", 0))
    spectra = page_spectra(made)
    assert spectra.background.pixels == SCORES.size
    assert np.allclose(spectra.background.mean, CUBE.reshape(-1, 5).mean(axis=0))
    assert "Background: all 1,200 pixels" in " ".join(spectra_notes(made, spectra))
