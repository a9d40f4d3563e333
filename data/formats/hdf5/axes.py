"""The axes of HDF5 arrays, by the names of their dimensions."""

import h5py

from data.formats.hdf5.attributes import dimension_names

AXIS_NAMES = {
    "h": "downtrack y lat latitude row rows line lines nrows height northing number_of_lines",
    "w": "crosstrack x lon longitude col cols column columns sample samples ncols width easting "
    "pixels_per_line",
    "b": "band bands wavelength wavelengths spectral lambda wl wvl channel channels nbands",
}
LETTERS = {name: letter for letter, names in AXIS_NAMES.items() for name in names.split()}


def axes_of(dataset: h5py.Dataset, count: int) -> str | None:
    """Name the axes by the names of the dimensions; two of three determine the third.

    Of more than three axes, those of length 1 with other names, such as that of time, are "1".
    """
    letters = [letter_of(dimension_names(dataset, axis)) for axis in range(dataset.ndim)]
    if count > 3:
        others = zip(letters, dataset.shape, strict=True)
        letters = [letter or ("1" if length == 1 else None) for letter, length in others]
    letters += [None] * (count - dataset.ndim)
    missing = set("hwb").difference(letters)
    if count - letters.count("1") == 3 and len(missing) == 1:
        letters = [letter or missing.copy().pop() for letter in letters]
    known = [letter for letter in letters if letter not in (None, "1")]
    complete = len(set(known)) == len(known) == count - letters.count("1")
    return "".join(map(str, letters)) if complete else None


def letter_of(names: list[str]) -> str | None:
    """Return the letter of the first name that is known."""
    return next((LETTERS[name] for name in names if name in LETTERS), None)
