"""Compare the size of a file of numbers with that which its header declares."""

from math import prod
from pathlib import Path

from data.errors import SceneError
from data.formats.envi.header import Layout, layout_end
from data.formats.guards import check_foreign
from utils.text import counted, printable

SEARCHED = 1 << 20  # bytes before or after the values that are looked at
TEXT = bytes(range(32, 127)) + b"\t\r\n\f"
ITEM_SIZES = {1: "1", 2: "2 or 12", 4: "3, 4 or 13", 8: "5, 6, 14 or 15"}  # data types by bytes


def check_size(layout: Layout, header_path: Path, data_path: Path) -> list[str]:
    """Raise SceneError where a file does not have the size that its header declares.

    A file may be longer if what follows the values is padding or a text, as the note then states.
    """
    needed, size = layout_end(layout), data_path.stat().st_size
    if size == needed:
        return []
    check_foreign(data_path, text_is="")
    if size < needed:
        raise SceneError(
            f"'{data_path}' has {size:,} bytes, but its header '{header_path.name}' needs "
            f"{needed:,}: it is cut off, or the header is not its own"
        )
    excess = counted(size - needed, "byte")
    more = f"{excess} more than its header '{printable(header_path.name)}' declares"
    if reason := explanation(layout, data_path, size):
        raise SceneError(f"'{data_path}' has {more} ({needed:,}): {reason}; correct the header")
    return [f"the file has {more}: padding or a text after the values, which is not read"]


def explanation(layout: Layout, data_path: Path, size: int) -> str:
    """Explain why a file is too long; empty where only padding or a text follows the values."""
    if found := fitting_layouts(layout, size - layout.offset):
        return f"it has the size of {' or of '.join(found)}"
    extra = size - layout_end(layout)
    if extra > SEARCHED:
        return "the header is not its own, or lacks bands or lines"
    with data_path.open("rb") as file:
        before = file.read(layout.offset + extra)[layout.offset :]
        file.seek(-extra, 2)
        after = file.read()
    if is_filler(after) and not is_filler(before):
        return ""
    return f"if they come first, 'header offset' has to be {layout.offset + extra}"


def is_filler(content: bytes) -> bool:
    """Return True for bytes that are all alike, and for a text."""
    return len(set(content)) == 1 or not content.strip(b"\0").translate(None, TEXT)


def fitting_layouts(layout: Layout, size: int) -> list[str]:
    """List the changes of a layout that give a file so many bytes of values."""
    height, width, bands = layout.shape
    values = prod(layout.shape)
    found = [
        f"{size // (per * layout.dtype.itemsize):,} {name}"
        for name, per in (
            ("bands", height * width),
            ("lines", width * bands),
            ("samples", height * bands),
        )
        if size % (per * layout.dtype.itemsize) == 0
    ]
    return found + [
        f"data type {codes}" for itemsize, codes in ITEM_SIZES.items() if size == values * itemsize
    ]
