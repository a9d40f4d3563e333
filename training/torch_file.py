"""Read files of `torch.save`: ZIP archives, or streams of pickles as before 2020."""

import sys
from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, ZipFile

from training.foreign_files import ForeignFile, foreign_archive
from training.pickle_values import PickleReader, Unbuilt, UnreadableFile
from training.torch_tensors import TensorBuilder, parse_identifier

MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of a stream
ENTRY = b"PK\1\2"  # heads an entry in the directory of an archive
PARTS = 50_000  # of an archive: each takes memory before it can be checked
ENCRYPTED = 0x1  # the flag of an encrypted part


def read_torch_file(contents: bytes) -> Any:
    """Read the values of a file: tensors, numbers, texts, tuples, lists and dicts.

    Other objects are `Unbuilt`. Raises ForeignFile for a file of another kind, and any error for a
    damaged one.
    """
    if contents.startswith(b"PK"):
        return read_archive(contents)
    if contents.startswith(b"\x80"):
        return read_stream(contents)
    raise UnreadableFile("torch.save did not write it" if contents else "it is empty")


def read_archive(contents: bytes) -> Any:
    """Read a ZIP archive: a pickle, and a part for each storage."""
    if contents.count(ENTRY) > PARTS:
        raise UnreadableFile(f"it has more than {PARTS:,} parts")
    archive = ZipFile(BytesIO(contents))
    names = archive.namelist() or ["none"]
    if kind := foreign_archive(names):
        raise ForeignFile(kind)
    check_parts(archive, length=len(contents))
    folders = [name.rpartition("/")[0] for name in names if name.endswith("/data.pkl")]
    if not folders:
        raise UnreadableFile(f"it is a ZIP archive of other files, '{names[0]}' the first of them")
    if len(folders) > 1:
        raise UnreadableFile(f"it has {len(folders)} parts named data.pkl")

    def part(name: str) -> bytes:
        return archive.read(f"{folders[0]}/{name}")

    order = part("byteorder") if f"{folders[0]}/byteorder" in names else b"little"
    builder = TensorBuilder(
        lambda key: part(f"data/{key}"),
        length=len(contents),
        swapped=order.decode() != sys.byteorder,
    )
    return read_pickle(BytesIO(part("data.pkl")), builder)


def check_parts(archive: ZipFile, *, length: int) -> None:
    """Raise UnreadableFile for parts that torch does not write, such as compressed ones."""
    parts = archive.infolist()
    for part in parts:
        if part.compress_type != ZIP_STORED or part.flag_bits & ENCRYPTED:
            raise UnreadableFile(
                f"its part '{part.filename}' is compressed or encrypted, as torch.save writes none"
            )
    if len({part.filename for part in parts}) < len(parts):
        raise UnreadableFile("two of its parts have the same name")
    if sum(part.file_size for part in parts) > length:
        raise UnreadableFile("its parts claim more bytes than the file has")


def read_stream(contents: bytes) -> Any:
    """Read a stream of pickles: three that describe it, the values, the keys; then the storages."""
    file = BytesIO(contents)
    if read_plain(file) != MAGIC:
        raise UnreadableFile("it is a pickle that torch.save did not write")
    _, system = read_plain(file), read_plain(file)
    start, widths = file.tell(), dict[str, int]()

    def note_width(identifier: Any) -> Unbuilt:
        dtype, key, _ = parse_identifier(identifier)
        widths[key] = 0 if isinstance(dtype, Unbuilt) else dtype.itemsize
        return Unbuilt("")

    PickleReader(call=lambda name, _: Unbuilt(name), persistent=note_width).read(file)
    parts = {}
    for key in read_plain(file):
        number = int.from_bytes(file.read(8), "little")
        parts[key] = file.read(number * widths[key])
    file.seek(start)
    builder = TensorBuilder(
        parts.__getitem__,
        length=len(contents),
        swapped=system["little_endian"] != (sys.byteorder == "little"),
    )
    return read_pickle(file, builder)


def read_pickle(file: BytesIO, builder: TensorBuilder) -> Any:
    """Read a pickle with tensors."""
    return PickleReader(call=builder.call, persistent=builder.storage).read(file)


def read_plain(file: BytesIO) -> Any:
    """Read a pickle without tensors."""
    return PickleReader(call=lambda name, _: Unbuilt(name), persistent=parse_identifier).read(file)
