"""Turn arrays that hold a cube in another arrangement into arrays of three axes."""

from data.formats.contents import Contents
from data.reading.unit_axes import without_unit_axes


def arranged(contents: Contents) -> Contents:
    """Return the contents of a file with all the cubes that can be made of its arrays."""
    return without_unit_axes(contents)
