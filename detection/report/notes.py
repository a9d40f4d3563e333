"""The lines below the plot of spectra: units, exactness, and the background."""

from math import isinf

from data.metadata import Metadata
from detection.prediction import Prediction
from detection.report.spectra import SPECTRA_BYTES, PageSpectra
from utils.text import number_text


def spectra_notes(prediction: Prediction, spectra: PageSpectra) -> list[str]:
    """State the units, the pixels in the page, the errors, the background, and interruptions."""
    return [
        unit_note(prediction.scene.metadata),
        pixels_note(prediction, spectra),
        error_note(spectra),
        background_note(prediction, spectra),
        "Lines are interrupted where bands are bad or left out.",
    ]


def value_title(metadata: Metadata) -> str:
    """Return the title of the axis of values."""
    return "Value" if is_stored(metadata) else "Value × gain + offset"


def is_stored(metadata: Metadata) -> bool:
    """Return True where the values in physical units are those of the file."""
    return (metadata.gain, metadata.offset) == (1, 0)


def unit_note(metadata: Metadata) -> str:
    """State the units of the values."""
    if is_stored(metadata):
        return "Values are those of the file."
    gain, offset = (number_text(value) for value in (metadata.gain, metadata.offset))
    return f"Values are those of the file times {gain} plus {offset}, as it declares."


def pixels_note(prediction: Prediction, spectra: PageSpectra) -> str:
    """State which pixels have a spectrum in the page."""
    chosen, valid = spectra.chosen, prediction.scene.pixels
    if chosen.step == 1:
        return f"The page has the spectra of all {valid:,} pixels with data."
    grid = int(chosen.regular.sum())
    return (
        f"The page has the spectra of {len(chosen.rows):,} of {valid:,} pixels, as its bound of "
        f"{SPECTRA_BYTES >> 20} MiB allows: {grid:,} on a grid in steps of {chosen.step} pixels, "
        f"and the {len(chosen.rows) - grid:,} others with the highest scores."
    )


def error_note(spectra: PageSpectra) -> str:
    """State the exactness of the spectra, and of the reconstructions where there are any."""
    error = spectra.spectra.error
    exact = "exact" if error == 0 else f"exact to ± {error:.2g}"
    note = f"With {spectra.chosen.bits} bits, they are {exact}"
    if spectra.reconstruction is None:
        return f"{note}."
    return f"{note}; reconstructions exact to ± {spectra.reconstruction.error:.2g}."


def background_note(prediction: Prediction, spectra: PageSpectra) -> str:
    """State which pixels are the background; no labels are used."""
    background, step = spectra.background, spectra.chosen.step
    among = f"{background.pixels:,} pixels" + (" of the grid" if step > 1 else "")
    if isinf(background.limit):
        return f"Background: all {among}, of whatever label."
    limit = "the threshold" if prediction.threshold else "quantile 0.99 of the scores"
    return (
        f"Background: the {among} whose score is below {background.limit:.4g}, {limit}, "
        f"of whatever label."
    )
