"""The products in HDF5 that are known; a new one is a module with its record, and a line here."""

from dataclasses import replace

import h5py

from data.formats.contents import Contents
from data.formats.hdf5.attribute_lists import with_attribute_lists
from data.formats.hdf5.neon import NEON
from data.formats.hdf5.prisma import PRISMA
from data.formats.hdf5.product import Product
from data.formats.hdf5.single_numbers import with_single_numbers

PRODUCTS: tuple[Product, ...] = (PRISMA, NEON)


def with_product(file: h5py.File, contents: Contents) -> Contents:
    """Return the contents of an open file as the product that it is, if it is a known one.

    Products that are not known often have their wavelengths in attributes.
    """
    for product in PRODUCTS:
        if product.recognises(contents):
            variant = f"{product.name} ({contents.variant})"
            return replace(product.adapt(file, contents), variant=variant)
    return with_single_numbers(file, with_attribute_lists(file, contents))
