"""The record of a product in HDF5, such as PRISMA's."""

from collections.abc import Callable
from dataclasses import dataclass

import h5py

from data.formats.contents import Contents


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product that a mission or an observatory delivers in HDF5.

    `recognises` decides by the names of a file's arrays. `adapt` returns the contents of the open
    file with the product's cube, named as such, and the metadata that the product stores elsewhere.
    """

    name: str
    recognises: Callable[[Contents], bool]
    adapt: Callable[[h5py.File, Contents], Contents]
