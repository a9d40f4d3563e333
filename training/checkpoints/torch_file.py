"""Read files of `torch.save`: ZIP archives, or streams of pickles as before 2020."""

import sys
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, ZipFile

from training.checkpoints.foreign_files import ForeignFile, foreign_archive
from training.checkpoints.pickle_values import OPERATIONS, PickleReader, Unbuilt, UnreadableFile
from training.checkpoints.torch_tensors import TensorBuilder, parse_identifier

MAGIC = (0x1950A86A20F9469CFC6C).to_bytes(10, "little")  # in the first pickle of a stream
HEADING = 32  # bytes that have this pickle in any protocol
ENTRY = b"PK\1\2"  # heads an entry in the directory of an archive
PARTS = 50_000  # of an archive: each takes memory before it can be checked
ENCRYPTED = 0x1  # the flag of an encrypted part


def read_torch_file(contents: bytes, *, operations: int = OPERATIONS) -> Any:
    """Read the values of a file: tensors, numbers, texts, tuples, lists and dicts.

    Other objects are `Unbuilt`; a pickle may have so many `operations`. Raises ForeignFile for a
    file of another kind, and any error for a damaged one.
    """
    if contents.startswith(b"PK"):
        return read_archive(contents, operations)
    if MAGIC in contents[:HEADING]:
        return read_stream(contents, operations)
    if not any(contents):
        raise UnreadableFile("all its bytes are zero" if contents else "it is empty")
    kind = "a pickle" if contents.startswith(b"\x80") else "a file"
    raise UnreadableFile(f"it is {kind} that torch.save did not write")


def read_archive(contents: bytes, operations: int) -> Any:
    """Read a ZIP archive: a pickle, and a part for each storage."""
    if contents.count(ENTRY) > PARTS:
        raise UnreadableFile(f"it has more than {PARTS:,} parts")
    archive = ZipFile(BytesIO(contents))
    folder = find_folder(archive.namelist())
    check_parts(archive, length=len(contents))
    parts = {part.filename.removeprefix(folder): part for part in archive.infolist()}

    def part(name: str) -> bytes:
        if name not in parts:
            raise UnreadableFile(f"it lacks its part '{name}'")
        return archive.read(parts[name])

    order = part("byteorder").decode() if "byteorder" in parts else "little"
    builder = TensorBuilder(
        lambda key: part(f"data/{key}"), length=len(contents), swapped=order != sys.byteorder
    )
    return read_pickle(BytesIO(part("data.pkl")), builder, operations)


def find_folder(names: Sequence[str]) -> str:
    """Find the one folder of an archive that has everything."""
    if kind := foreign_archive(names):
        raise ForeignFile(kind)
    folders = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")]
    if len(folders) != 1:
        first = f", the first '{names[0]}'" if names else ""
        raise UnreadableFile(
            f"it is a ZIP archive of {len(names)} files{first}, {len(folders)} of them data.pkl"
        )
    return folders[0]


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


def read_stream(contents: bytes, operations: int) -> Any:
    """Read a stream of pickles: three that describe it, the values, the keys; then the storages."""
    file = BytesIO(contents)
    _, _, system = (read_plain(file) for _ in range(3))
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
        if len(parts[key]) < number * widths[key]:
            raise UnreadableFile("it ends early")
    file.seek(start)
    builder = TensorBuilder(
        parts.__getitem__,
        length=len(contents),
        swapped=system["little_endian"] != (sys.byteorder == "little"),
    )
    return read_pickle(file, builder, operations)


def read_pickle(file: BytesIO, builder: TensorBuilder, operations: int) -> Any:
    """Read a pickle with tensors."""
    return PickleReader(call=builder.call, persistent=builder.storage, operations=operations).read(
        file
    )


def read_plain(file: BytesIO) -> Any:
    """Read a pickle without tensors."""
    return PickleReader(call=lambda name, _: Unbuilt(name), persistent=parse_identifier).read(file)
