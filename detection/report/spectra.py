"""The spectra in the report's page: of as many pixels as fit, and of the background."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection.prediction import Prediction
from detection.report.quantised import Quantised, quantise

SPECTRA_BYTES = 12 << 20  # of spectra and reconstructions in a page
BODY = 0.99  # the quantile of the scores that bounds the background without a threshold


@dataclass(frozen=True)
class Chosen:
    """The pixels whose spectra are in a page, by row and column in the order of the scene.

    `step` is 1 where they are all the valid pixels, else the distance of those on a regular grid,
    to which the pixels of the highest scores are added. `bits` are those of a value.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    step: int
    bits: int

    @property
    def regular(self) -> NDArray[np.bool_]:
        """True for the pixels of the grid, (n,)."""
        return on_grid(self.rows, self.step) & on_grid(self.columns, self.step)


@dataclass(frozen=True)
class Background:
    """The mean spectrum and its standard deviation, both (B,), of `pixels` pixels.

    They are those of the grid whose score is below `limit`; all of it where none is.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    pixels: int
    limit: float


@dataclass(frozen=True)
class PageSpectra:
    """The spectra of a page in physical units; `reconstruction` is None where there is none."""

    chosen: Chosen
    spectra: Quantised
    reconstruction: Quantised | None
    background: Background


def page_spectra(prediction: Prediction) -> PageSpectra:
    """Read the spectra that fit into a page; of a cube on disk, no others stay in memory."""
    scene, scores, rebuilt = prediction.scene, prediction.scores, prediction.reconstruction
    series = 1 if rebuilt is None else 2
    chosen = choose_pixels(scores, values=series * scene.cube.shape[2])
    rows, columns = chosen.rows, chosen.columns
    gain, offset = scene.metadata.gain, scene.metadata.offset
    values = scene.spectra(rows, columns)
    low, high = (float(np.float32(value)) for value in scene.range)  # as the cube is scaled
    reconstruction = None
    if rebuilt is not None:
        unit = quantise(rebuilt[rows, columns], bits=chosen.bits)
        reconstruction = unit.in_units(high - low, low).in_units(gain, offset)
    spectra = quantise(values, bits=chosen.bits).in_units(gain, offset)
    return PageSpectra(chosen, spectra, reconstruction, background_of(prediction, chosen, values))


def choose_pixels(scores: NDArray[np.float32], *, values: int) -> Chosen:
    """Choose the pixels of a map (H, W) whose spectra of so many values fit into a page.

    All valid pixels in 16 bits, or else in 8; or else, in 16 bits, a regular grid in one half of
    the room and the highest scores in the other.
    """
    valid = ~np.isnan(scores)
    for bits in (16, 8):
        if np.count_nonzero(valid) * values * bits // 8 <= SPECTRA_BYTES:
            return chosen_of(valid, step=1, bits=bits)
    room = max(2, SPECTRA_BYTES // (2 * values))
    step = 2
    while (grid := regular_grid(scores.shape, step)).sum() > room // 2:
        step += 1
    others = np.flatnonzero(valid & ~grid)
    most = min(room // 2, len(others))
    marked = grid & valid
    marked.ravel()[others[np.argpartition(-scores.ravel()[others], most - 1)[:most]]] = True
    return chosen_of(marked, step=step, bits=16)


def chosen_of(marked: NDArray[np.bool_], *, step: int, bits: int) -> Chosen:
    """List the marked pixels (H, W) in the order of the scene."""
    rows, columns = np.nonzero(marked)
    return Chosen(rows, columns, step=step, bits=bits)


def regular_grid(shape: tuple[int, ...], step: int) -> NDArray[np.bool_]:
    """Mark every `step`-th pixel of every `step`-th row, (H, W)."""
    rows, columns = (on_grid(np.arange(length), step) for length in shape)
    return rows[:, None] & columns


def on_grid(indices: NDArray[np.int64], step: int) -> NDArray[np.bool_]:
    """Return True for the rows or columns of the grid, whose first is half a step from the edge."""
    return indices % step == step // 2


def background_of(prediction: Prediction, chosen: Chosen, values: NDArray[Any]) -> Background:
    """Compute mean and standard deviation of the background from the chosen values (n, B)."""
    scores = prediction.scores[chosen.rows, chosen.columns]
    limit = prediction.threshold_score
    if limit is None:
        limit = float(np.nanquantile(prediction.scores, BODY))
    background = chosen.regular & (scores < limit)
    if not background.any():
        background, limit = chosen.regular, math.inf
    if not background.any():  # no data on the whole grid
        background = np.ones(len(scores), bool)
    gain, offset = prediction.scene.metadata.gain, prediction.scene.metadata.offset
    return Background(
        values[background].mean(axis=0, dtype=np.float64) * gain + offset,
        values[background].std(axis=0, dtype=np.float64) * abs(gain),
        pixels=int(background.sum()),
        limit=limit,
    )
