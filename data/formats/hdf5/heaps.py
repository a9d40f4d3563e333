"""Heaps of HDF5 files, which hold texts and lists of attributes: checks of their lengths."""

import re
import struct
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

from data.errors import SceneError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
HEAP, HEAP_HEADER = b"GCOL\1\0\0\0", 16  # first bytes of a heap of attribute values; bytes
PART = struct.Struct("<H6xQ")  # before each value in it: its number, 0 for none, and length
SEARCHED, MOST_PARTS = 1 << 26, 1 << 16  # bytes, and parts of a heap, that are searched
# a type of texts or lists of any length: its class, its bits, the size of an element, which is
# searched for first, because the other bytes are frequent
LIST_TYPE = re.compile(
    rb"\0\x10\0\0\0(?<=[\x19\x29\x39\x49\x59][\x00\x01\x11\x21][\x00\x01]\0\x10\0\0\0)"
)
LIST = struct.Struct("<IQI")  # an element: its length, the place of its heap, its number there
NEAR = 1 << 9  # bytes after the type of an attribute in which its first element begins


def check_heaps(path: Path) -> None:
    """Raise SceneError for lengths in heaps with which HDF5 never ends, or takes all memory.

    They are a part of a heap of no length, and a text or list longer than the file, for which HDF5
    takes the memory before it looks. Heaps are searched for in the first and the last part of the
    file, where they usually are.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        parts = ((0, SEARCHED), (max(SEARCHED, len(content) - SEARCHED), len(content)))
        heaps = set()
        for low, high in parts:
            for start in heaps_in(content, low, high):
                if not has_lengths(content, start):
                    raise SceneError(f"'{path}' is damaged: a part of no length at byte {start:,}")
                heaps.add(start - max(0, content.find(SIGNATURE)))
        for low, high in parts if heaps else ():
            for found in LIST_TYPE.finditer(content, low, high):
                if listed_bytes(content, found.end(), heaps) > len(content):
                    raise SceneError(
                        f"'{path}' is damaged: a list at byte {found.end():,} is longer than it"
                    )


def heaps_in(content: mmap, low: int, high: int) -> Iterator[int]:
    """Yield where heaps begin in a part of a file."""
    start = content.find(HEAP, low, high)
    while start >= 0:
        yield start
        start = content.find(HEAP, start + 1, high)


def has_lengths(content: mmap, start: int) -> bool:
    """Return True where all parts of the heap at a position of a file have a length."""
    position, end = start + HEAP_HEADER, len(content) - PART.size
    if position <= end:
        end = min(end, start + int.from_bytes(content[start + 8 : position], "little") - PART.size)
    for _ in range(MOST_PARTS):
        if position > end:
            break
        index, length = PART.unpack_from(content, position)
        whole = PART.size + length + -length % 8 if index else length
        if whole % (1 << 64) == 0:
            return False
        position += whole
    return True


def listed_bytes(content: mmap, position: int, heaps: set[int]) -> int:
    """Add the lengths of the texts or lists of the attribute whose type ends at a position."""
    last = len(content) - LIST.size
    for start in range(position, min(position + NEAR, last + 1)):
        length, heap, _ = LIST.unpack_from(content, start)
        if heap in heaps:
            break
    else:
        return 0
    total = 0
    while start <= last:
        length, heap, _ = LIST.unpack_from(content, start)
        if heap not in heaps and (length or heap):
            break
        total += length
        start += LIST.size
    return total
