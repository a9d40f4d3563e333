"""Pickles put together by hand, and archives around them, as no program writes them."""

import struct
from collections.abc import Iterable, Mapping
from io import BytesIO
from zipfile import ZipFile

PROTOCOL = b"\x80\2"


def text(value: str) -> bytes:
    """Push a text."""
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    """Push a whole number of any size."""
    contents = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(contents)]) + contents


def numbers(values: Iterable[int]) -> bytes:
    """Push a tuple of numbers."""
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key: str, values: int, kind: str = "Float") -> bytes:
    """Push a storage."""
    kind_and_place = f"ctorch\n{kind}Storage\n".encode() + text(key) + text("cpu")
    return b"(" + text("storage") + kind_and_place + number(values) + b"tQ"


def tensor(stored: bytes, size: Iterable[int], stride: Iterable[int], offset: int = 0) -> bytes:
    """Push a tensor that sees a part of a storage."""
    view = number(offset) + numbers(size) + numbers(stride)
    hooks = b"ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + stored + view + b"\x89" + hooks + b"tR"


def dict_of(entries: Mapping[str, bytes]) -> bytes:
    """Return the pickle of a dict."""
    pushed = b"".join(text(name) + value for name, value in entries.items())
    return PROTOCOL + b"}(" + pushed + b"u."


def archive(pickle: bytes, storages: Mapping[str, bytes] | None = None) -> bytes:
    """Return an archive as `torch.save` writes it, of a pickle and its storages."""
    parts = {f"data/{key}": values for key, values in (storages or {}).items()}
    return zip_of({"data.pkl": pickle, "byteorder": b"little", "version": b"3\n", **parts})


def zip_of(parts: Mapping[str, bytes], *, folder: str = "w", compression: int = 0) -> bytes:
    """Return an archive of these parts."""
    file = BytesIO()
    with ZipFile(file, "w", compression) as opened:
        for name, contents in parts.items():
            opened.writestr(f"{folder}/{name}", contents)
    return file.getvalue()
