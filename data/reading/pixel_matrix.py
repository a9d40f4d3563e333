"""Reshape matrices of bands × pixels, or of pixels × bands, to cubes.

Height and width are other variables of the file, or the shape of its ground truth.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Contents, Variable
from data.reading.usual_names import CUBE_NAMES, TRUTH_NAMES, normalised
from data.reading.variables import numeric, outermost, with_usual_names
from utils.text import shape_text

# names of height and width, in their letters and digits alone
HEIGHTS = (
    *("nrow", "nrows", "row", "rows", "numrows", "numrow", "numberofrows", "nr", "r", "nbrow"),
    *("h", "height", "imgheight", "imageheight", "imheight", "imgh", "imh", "lines", "nlines"),
    *("line", "nl", "numlines", "numberoflines", "nlin", "ny", "sizey", "ysize", "dimy", "m", "n1"),
)
WIDTHS = (
    *("ncol", "ncols", "col", "cols", "numcols", "numcol", "numberofcols", "nc", "c", "nbcol"),
    *("column", "columns", "ncolumn", "ncolumns", "numcolumns", "numberofcolumns"),
    *("w", "width", "imgwidth", "imagewidth", "imwidth", "imgw", "imw", "samples", "nsamples"),
    *("sample", "ns", "nsam", "numsamples", "numberofsamples", "nx", "sizex", "xsize", "dimx"),
    *("n", "n2"),
)
# names of a list of height, width and perhaps bands
LISTS = (
    *("size", "sz", "shape", "dims", "dim", "imsize", "imgsize", "imagesize", "imageshape"),
    *("imgshape", "datasize", "cubesize", "sizes", "spatialsize", "hw"),
)
MATRIX_NAMES = (*CUBE_NAMES, "v", "r", "pixels", "spectra", "hsi2d", "data2d", "x2d", "y2d")
MATLAB = "MATLAB"
MARGIN = 0.8  # of the differences of neighbours by which an order of pixels is more likely

NONE: NDArray[Any] = np.zeros(0)

Size = tuple[int, int]


@dataclass(frozen=True)
class Reshaped:
    """The size of an image, the axis of its pixels in a matrix, and True for columns first."""

    size: Size
    pixels: int
    columns_first: bool

    def __call__(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """Return the cube (H, W, B) of a matrix, or the map (H, W) of a list."""
        values = np.moveaxis(matrix, self.pixels, 0)  # (pixels, …)
        height, width = self.size
        if not self.columns_first:
            return values.reshape(height, width, *values.shape[1:])
        return values.reshape(width, height, *values.shape[1:]).swapaxes(0, 1)


def with_reshaped(contents: Contents, *, key: str | None = None) -> Contents | None:
    """Return the contents with the cube of a matrix, and lists of labels as maps; None without one.

    `key` names the matrix. Also None where several sizes or several matrices fit: the user has to
    reshape them.
    """
    matrices = {
        name: variable
        for name, variable in numeric(contents).items()
        if len(variable.shape) == 2 and 1 not in variable.shape and key in (None, name)
    }
    fits = (fitting(matrices, sizes) for sizes in (declared_sizes(contents), truth_sizes(contents)))
    found = next((pairs for pairs in fits if pairs), [])
    names = outermost(list(dict.fromkeys(name for name, _ in found)))
    if len(names) > 1:
        names = with_usual_names({name: matrices[name] for name in names}, MATRIX_NAMES)
    chosen = [(name, size) for name, size in found if name in names]
    return reshaped_contents(contents, *chosen[0]) if len(chosen) == 1 else None


def fitting(matrices: Mapping[str, Variable], sizes: Sequence[Size]) -> list[tuple[str, Size]]:
    """List the matrices with as many rows or columns as an image of one of these sizes has pixels.

    Maps of this size are none.
    """
    return [
        (name, size)
        for name, matrix in matrices.items()
        for size in sizes
        if size[0] * size[1] in matrix.shape and matrix.shape != size
    ]


def declared_sizes(contents: Contents) -> list[Size]:
    """List the heights and widths that variables declare, by their names."""
    found: dict[str, NDArray[Any]] = {}
    for name, variable in numeric(contents).items():
        if variable.dtype.kind in "biuf" and 1 <= np.prod(variable.shape, dtype=float) <= 3:
            found.setdefault(normalised(name), np.ravel(variable.read()))
    single = {name: values[0] for name, values in found.items() if values.size == 1}
    heights, widths = (
        [single[name] for name in names if name in single] for names in (HEIGHTS, WIDTHS)
    )
    sizes = list(product(heights, widths))  # those that fit no matrix are not used
    sizes += [(found[name][0], found[name][1]) for name in LISTS if found.get(name, NONE).size > 1]
    return list(dict.fromkeys((int(h), int(w)) for h, w in sizes if is_count(h) and is_count(w)))


def is_count(value: Any) -> bool:
    """Return True for a whole number from 1."""
    return value >= 1 and float(value).is_integer()


def truth_sizes(contents: Contents) -> list[Size]:
    """List the shapes of ground truths (H, W)."""
    shapes = [
        variable.shape
        for name, variable in numeric(contents).items()
        if normalised(name) in TRUTH_NAMES and len(variable.shape) == 2 and 1 not in variable.shape
    ]
    return [(shape[0], shape[1]) for shape in dict.fromkeys(shapes)]


def reshaped_contents(contents: Contents, name: str, size: Size) -> Contents:
    """Replace a matrix by its cube, and lists of labels by their maps."""
    variable = contents.variables[name]
    pixels = variable.shape.index(size[0] * size[1])
    matrix = variable.read()
    columns_first, reason = order_of_pixels(matrix, size, pixels=pixels, format=contents.format)
    reshape = Reshaped(size, pixels, columns_first)
    bands = variable.shape[1 - pixels]
    order = "column by column" if columns_first else "row by row"
    note = (
        f"'{name}' is {shape_text(variable.shape)}, read as {shape_text((*size, bands))}: its "
        f"pixels are assumed to be {order} ({reason})"
    )
    metadata = replace(variable.metadata, note=note, georeference=None)
    cube = Variable(
        (*size, bands), matrix.dtype, lambda: reshape(matrix), "hwb", metadata, hint=variable.hint
    )
    labels = maps_of_labels(contents, Reshaped(size, 0, columns_first))
    return replace(contents, variables={**contents.variables, **dict(labels), name: cube})


def order_of_pixels(
    matrix: NDArray[Any], size: Size, *, pixels: int, format: str
) -> tuple[bool, str]:
    """Return True for pixels stored column by column, and the reason.

    It is the order in which neighbouring pixels are clearly more alike, or else that of the format:
    MATLAB's functions reshape by columns, others by rows.
    """
    usual, program = format == MATLAB, "as in MATLAB" if format == MATLAB else "as in NumPy"
    by_columns, by_rows = (distance(matrix, step, pixels=pixels) for step in size)
    if min(by_columns, by_rows) < MARGIN * max(by_columns, by_rows):
        return by_columns < by_rows, "so neighbouring pixels are alike"
    return usual, program


def distance(matrix: NDArray[Any], step: int, *, pixels: int) -> float:
    """Return the mean difference of pixels that are a number of positions apart in a matrix."""
    rows = np.moveaxis(matrix, pixels, 0)
    chosen = rows[:, :: max(1, rows.shape[1] // 8)].astype(np.float64)
    difference = np.abs(chosen[step:] - chosen[:-step])
    finite = difference[np.isfinite(difference)]
    return float(finite.mean()) if finite.size else 0.0


def maps_of_labels(contents: Contents, reshape: Reshaped) -> Iterator[tuple[str, Variable]]:
    """Yield the lists of labels, one per pixel, as maps (H, W)."""
    height, width = reshape.size
    variables: Mapping[str, Variable] = numeric(contents)
    for name, variable in variables.items():
        lengths = [length for length in variable.shape if length != 1]
        if lengths == [height * width] and normalised(name) in TRUTH_NAMES:
            yield name, label_map(variable, reshape)


def label_map(variable: Variable, reshape: Reshaped) -> Variable:
    """Return a list of labels as a map (H, W)."""

    def read() -> NDArray[Any]:
        return reshape(variable.read().ravel())

    return replace(variable, shape=reshape.size, read=read, axes="hw", window=None, scales=())
