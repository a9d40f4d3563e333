"""TIFF files of several pages, as scientific writers and cameras save one for each band."""

import re
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import BandLists
from data.formats.geotiff.dataset import opened
from data.formats.guards import check_claim
from data.formats.named_wavelengths import in_names
from utils.text import first_few, shape_text

MOST_PAGES = 1000  # GDAL searches for a page from the beginning of the file
MOST_LISTED = 3  # kinds of pages in a message


def page_names(dataset: Any) -> list[str]:
    """List the names by which GDAL opens the pages of a file, in their order; none for one page.

    Overviews and masks are no pages, if they are marked as such.
    """
    names = [name for name in dataset.subdatasets if name.startswith("GTIFF_DIR:")]
    return sorted(names, key=lambda name: int(name.split(":")[1]))


def bands_in_pages(dataset: Any, path: Path) -> tuple[list[str], BandLists]:
    """List the names of pages that are a band each, and the wavelengths in their descriptions.

    No names for a file of one page, or of one image and smaller pictures of it. Raises SceneError
    where pages differ, or have several bands.
    """
    names = page_names(dataset)
    if len(names) > MOST_PAGES:
        raise refusal(path, len(names), f"more than {MOST_PAGES:,}")
    described = []
    kinds: dict[str, tuple[int, ...]] = {}  # in the order of their first pages
    for name in names:
        with opened(path, name) as page:
            kinds[describe_page(page)] = page.height, page.width
            described.append(page.descriptions[0] or page.tags().get("TIFFTAG_IMAGEDESCRIPTION"))
    check_description(dataset, path, len(names) or 1)
    if not names or (dataset.count > 1 and are_smaller(list(kinds.values()))):
        return [], BandLists()
    if len(kinds) > 1 or dataset.count > 1:
        found = first_few(list(kinds), most=MOST_LISTED)
        raise refusal(path, len(names), f"not one band each of one size and type: {found}")
    check_claim(len(names) * dataset.height * dataset.width * value_size(dataset), path)
    return names, in_names(described)


def check_description(dataset: Any, path: Path, pages: int) -> None:
    """Raise SceneError where ImageJ or tifffile describe more values than the pages have.

    Both may write a large stack as one page, and the others behind it without one.
    """
    text = dataset.tags().get("TIFFTAG_IMAGEDESCRIPTION", "")
    images = re.search(r"^images=(\d{1,9})$", text, re.MULTILINE) if "ImageJ=" in text else None
    shape = re.match(r'\{"shape": \[([\d, ]{1,99})\]', text)
    declared = int(images[1]) * dataset.height * dataset.width if images else 0
    if shape:
        declared = prod(map(int, shape[1].replace(",", " ").split()))
    if declared > pages * dataset.count * dataset.height * dataset.width:
        raise SceneError(
            f"'{path}' describes {declared:,} values, but its {pages} pages have fewer: its stack "
            f"has no page for each image; save the bands as one image"
        )


def refusal(path: Path, count: int, reason: str) -> SceneError:
    """Describe pages that are no bands of one image."""
    return SceneError(
        f"'{path}' has {count:,} pages, {reason}; save the bands as one image, or one page as a "
        f"file: gdal_translate GTIFF_DIR:1:{path.name} page.tif"
    )


def are_smaller(sizes: list[tuple[int, ...]]) -> bool:
    """Return True where all pages but the first are smaller, as previews are."""
    height, width = sizes[0]
    return len(sizes) > 1 and all(h < height and w < width for h, w in sizes[1:])


def describe_page(page: Any) -> str:
    """Describe the size, bands and values of a page, which have to agree with those of others."""
    scale = [*page.scales[:1], *page.offsets[:1]]
    scaled = "" if scale == [1, 0] else f" times {scale[0]:g} plus {scale[1]:g}"
    empty = "" if page.nodata is None else f" (no data {page.nodata:g})"
    bands = "" if page.count == 1 else f" with {page.count} bands"
    return f"{shape_text(page.shape)} {page.dtypes[0]}{bands}{scaled}{empty}"


def value_size(dataset: Any) -> int:
    """Return the bytes of a value."""
    return np.dtype(dataset.dtypes[0]).itemsize


def page_note(count: int, shape: tuple[int, ...]) -> str:
    """Note that pages were taken as bands."""
    return (
        f"its {count} pages of {shape_text(shape)} pixels are taken as its bands; if each is a "
        f"line of the image, --axes wbh"
    )


def read_pages(path: Path, names: list[str], like: NDArray[Any]) -> NDArray[Any]:
    """Read pages as the bands of a cube (H, W, B), given an empty one."""
    for band, name in enumerate(names):
        with opened(path, name) as page:
            like[..., band] = page.read(1)
    return like
