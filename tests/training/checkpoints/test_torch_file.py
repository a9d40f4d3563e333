"""Files of `torch.save`: read as torch reads them, and withstood where they are made to do harm."""

import resource
import time
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest
import torch
from torch import Tensor, nn

from tests.training.checkpoints.pickles import (
    PROTOCOL,
    archive,
    dict_of,
    number,
    storage,
    tensor,
    text,
    zip_of,
)
from training.checkpoints.foreign_files import ForeignFile
from training.checkpoints.pickle_values import OPERATIONS, Unbuilt, UnreadableFile
from training.checkpoints.torch_file import PARTS, read_torch_file

BASE = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))
TENSORS = {
    "plain": BASE,
    "transposed": BASE.t(),
    "part": BASE[1:3, 2:],
    "one value": torch.tensor(3.5),
    "no value": torch.zeros(0, 3),
    "expanded": torch.ones(1).expand(5),
    "last": BASE[None, :, :, None].contiguous(memory_format=torch.channels_last),
    "parameter": nn.Parameter(BASE * 2),
    **{
        str(dtype): (BASE * 10).to(dtype)
        for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn)
    },
    **{str(dtype): (BASE * 10).to(dtype) for dtype in (torch.int64, torch.uint8, torch.int16)},
    **{str(dtype): (BASE * 10).to(dtype) for dtype in (torch.bool, torch.complex64, torch.uint16)},
}
VALUES: dict[Any, Any] = {
    **{"none": None, "true": True, "number": 3, "large": 2**70, "negative": -5, "real": 1.5},
    **{"text": "é\n", "tuple": (1, (2, 3), [4]), "size": torch.Size([1, 2]), 3: "key"},
    **{"dict": {"a": {}}, "ordered": OrderedDict(a=1), "many": list(range(3000))},
}


def saved(value: Any, **settings: Any) -> bytes:
    """Return the bytes of a file of `torch.save`."""
    file = BytesIO()
    torch.save(value, file, **settings)
    return file.getvalue()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("zipped", [True, False])
def test_values_are_those_of_torch(zipped: bool, protocol: int) -> None:
    contents = saved(
        {"tensors": TENSORS, **VALUES},
        _use_new_zipfile_serialization=zipped,
        pickle_protocol=protocol,
    )
    read = read_torch_file(contents)
    assert {key: read[key] for key in VALUES} == VALUES
    assert list(read["tensors"]) == list(TENSORS)
    for name, expected in TENSORS.items():
        found = read["tensors"][name]
        assert type(found) is Tensor and not found.requires_grad
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.stride() == expected.stride()
        assert torch.equal(found.to(torch.complex128), expected.to(torch.complex128))


def test_a_file_of_a_machine_with_the_other_order_of_bytes() -> None:
    pickle = dict_of(
        {
            "a": tensor(storage("0", 2), (2,), (1,)),
            "b": tensor(storage("1", 1, "ComplexDouble"), (1,), (1,)),
        }
    )
    values, complex_ = torch.tensor([1.5, -2.0]), torch.tensor([1.5 - 2j], dtype=torch.complex128)
    swapped = {
        "data/0": values.numpy().astype(">f4").tobytes(),
        "data/1": complex_.numpy().astype(">c16").tobytes(),
    }
    read = read_torch_file(zip_of({"data.pkl": pickle, "byteorder": b"big", **swapped}))
    assert torch.equal(read["a"], values) and torch.equal(read["b"], complex_)


class Other:
    """A class of another program."""


def test_objects_of_other_classes_have_a_name_only() -> None:
    read = read_torch_file(saved({"a": Other(), "b": {1, 2}, "c": nn.Linear(1, 1), "d": 1}))
    assert [read[key].name for key in "ab"] == [f"{__name__}.Other", "__builtin__.set"]
    assert read["c"].name == "torch.nn.modules.linear.Linear" and read["d"] == 1


@pytest.mark.parametrize(
    "unusual",
    [BASE.to_sparse(), BASE.to("meta"), torch.complex(BASE, BASE).conj()],
    ids=["sparse", "meta", "conjugated"],
)
def test_unusual_tensors_are_not_built(unusual: Tensor) -> None:
    assert isinstance(read_torch_file(saved({"a": unusual}))["a"], Unbuilt)


def test_quantised_tensors_are_not_built() -> None:
    quantised = b"ctorch._utils\n_rebuild_qtensor\n" + storage("0", 40, "QInt8") + b"\x85R"
    assert isinstance(read_torch_file(archive(dict_of({"a": quantised}), TEN))["a"], Unbuilt)


TEN = {"0": bytes(40)}
DOUBLED = b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(40))
EQUAL_HASHES = b"".join(number(i * (2**61 - 1)) + b"N" for i in range(20_000))


def doubled_lists(levels: int) -> bytes:
    """Return lists of which each has the one before twice, as the values of a dict."""
    return PROTOCOL + b"}(" + text("0") + b"]q\0" + b"".join(
        text(str(i + 1)) + b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1])
        for i in range(levels)
    ) + b"u."  # fmt: skip


def view(size: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> bytes:
    """Return a file with a tensor that claims to see this of ten values."""
    return archive(dict_of({"a": tensor(storage("0", 10), size, stride, offset)}), TEN)


HOSTILE = {
    "twice itself, 40 times": (archive(doubled_lists(40)), "stands for more than"),
    "a list of itself": (archive(PROTOCOL + b"]q\0h\0a."), "nested too deeply"),
    "a dict of itself": (archive(PROTOCOL + b"}q\0" + text("a") + b"h\0s."), "nested too deeply"),
    "tuples in tuples": (archive(PROTOCOL + b")" + b"\x85" * 50_000 + b"."), "nested too deeply"),
    "a text of 2 GB": (archive(PROTOCOL + b"X\xff\xff\xff\x7fabc."), "expected 2147483647 bytes"),
    "bytes of an exabyte": (archive(b"\x80\5\x96" + b"\xff" * 7 + b"\0."), "bytearray8"),
    "a number of 2 GB": (archive(PROTOCOL + b"\x8b\xff\xff\xff\x7f1."), "not enough data"),
    "no value": (archive(PROTOCOL + b"."), "its pickle is damaged"),
    "a value of nothing": (archive(PROTOCOL + b"h\5."), "its pickle is damaged"),
    "a storage that is none": (archive(PROTOCOL + b"K\1Q."), "storages unlike those"),
    "a storage of a terabyte": (
        archive(dict_of({"a": tensor(storage("0", 1 << 38), (1,), (1,))}), TEN),
        "has not the 274,877,906,944 values",
    ),
    "a storage that is not there": (
        archive(dict_of({"a": tensor(storage("1", 10), (1,), (1,))}), TEN),
        "lacks its part 'data/1'",
    ),
    "one value as a terabyte": (view((1 << 40,), (0,)), "claim more values than the file has"),
    "more values than there are numbers": (view((1 << 62,) * 3, (0,) * 3), "claim more values"),
    "a stride beyond": (view((2,), (1 << 62,)), "beyond the end of its storage"),
    "a value too many": (view((11,), (1,)), "beyond the end of its storage"),
    "an offset beyond": (view((1,), (1,), 10), "beyond the end of its storage"),
    "a negative stride": (view((2,), (-1,)), "has no size that can be"),
    "a negative offset": (view((2,), (1,), -1), "has no size that can be"),
    "a thousand dimensions": (view((1,) * 1000, (1,) * 1000), "has no size that can be"),
    "a storage seen very often": (
        archive(
            dict_of({f"{i}": tensor(storage("0", 10_000), (10_000,), (1,)) for i in range(50)}),
            {"0": bytes(40_000)},
        ),
        "claim more values than the file has",
    ),
    "compressed": (zip_of({"data.pkl": b""}, compression=ZIP_DEFLATED), "is compressed"),
    "compressed by lzma": (zip_of({"data.pkl": b""}, compression=ZIP_LZMA), "is compressed"),
    "empty archive": (zip_of({}), "archive of 0 files"),
    "other archive": (zip_of({"report.xml": b""}), "the first 'w/report.xml'"),
    "empty": (b"", "it is empty"),
    "zeros": (bytes(2000), "all its bytes are zero"),
    "pickle": (PROTOCOL + b"N.", "a pickle that torch.save did not write"),
    "cut": (saved(BASE, _use_new_zipfile_serialization=False)[:-1], "it ends early"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_never_end_or_fill_the_memory_is_refused(name: str) -> None:
    contents, message = HOSTILE[name]
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(ValueError, match=message):
        read_torch_file(contents)
    assert time.process_time() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


@pytest.mark.parametrize(
    "pickle",
    [
        PROTOCOL + b"}(K\0" + DOUBLED + b"K\1u.",
        PROTOCOL + b"}(" + EQUAL_HASHES + b"u.",
        PROTOCOL + b"}r\xff\xff\xff\x7f.",
        PROTOCOL + b"c__builtin__\nbytearray\n" + number(1 << 40) + b"\x85R.",
        PROTOCOL + b"ctorch\nTensor\n" + number(1 << 40) + b"\x85R.",
        PROTOCOL + b"c__builtin__\nset\n](" + EQUAL_HASHES + b"e\x85R.",
    ],
    ids=["hash of tuples", "equal hashes", "memo of 2 GB", "bytearray", "tensor", "set"],
)
def test_what_torch_would_never_finish_is_read_without_computing_it(pickle: bytes) -> None:
    start = time.process_time()
    read = read_torch_file(archive(pickle))
    assert isinstance(read, (dict, Unbuilt)) and time.process_time() - start < 5
    assert not isinstance(read, dict) or all(isinstance(key, (int, Unbuilt)) for key in read)


def test_a_pickle_of_too_many_operations_ends() -> None:
    with pytest.raises(UnreadableFile, match="more than 1,000,000 operations"):
        read_torch_file(archive(PROTOCOL + b"N" * (OPERATIONS + 1) + b"."))


def marked(contents: bytes, *, flag: int) -> bytes:
    """Set a flag of every part of an archive."""
    changed = bytearray(contents)
    for heading, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = contents.find(heading)
        while start >= 0:
            changed[start + place] |= flag
            start = contents.find(heading, start + 1)
    return bytes(changed)


def resized(contents: bytes, size: int) -> bytes:
    """Claim another size of the first part of an archive."""
    place = contents.find(b"PK\1\2") + 20
    return contents[:place] + 2 * size.to_bytes(4, "little") + contents[place + 8 :]


def archives() -> Iterator[tuple[bytes, str]]:
    """Yield archives that torch does not write, with what is said of them."""
    sound = archive(PROTOCOL + b"}.")
    yield marked(sound, flag=1), "compressed or encrypted"
    yield resized(sound, 1 << 30), "claim more bytes than the file has"
    file = BytesIO()
    with warnings.catch_warnings(), ZipFile(file, "w") as opened:
        warnings.simplefilter("ignore")
        for name in ("w/data.pkl", "w/data/0", "w/data/0"):
            opened.writestr(name, PROTOCOL + b"}.")
    yield file.getvalue(), "two of its parts have the same name"
    file = BytesIO()
    with ZipFile(file, "w") as opened:
        for name in ("v/data.pkl", "w/data.pkl"):
            opened.writestr(name, PROTOCOL + b"}.")
    yield file.getvalue(), "2 of them data.pkl"
    yield sound[:-22] + b"PK\1\2" * (PARTS + 1) + sound[-22:], "more than 50,000 parts"


@pytest.mark.parametrize(("contents", "message"), [*archives()])
def test_archives_that_torch_does_not_write_are_refused(contents: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_torch_file(contents)


def test_a_compressed_part_is_not_unpacked() -> None:
    file = BytesIO(archive(dict_of({"a": tensor(storage("0", 1 << 24), (1,), (1,))})))
    with ZipFile(file, "a") as opened:
        part = ZipInfo("w/data/0")
        part.compress_type = ZIP_DEFLATED
        with opened.open(part, "w") as packed:
            for _ in range(64):
                packed.write(bytes(1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableFile, match="'w/data/0' is compressed"):
        read_torch_file(file.getvalue())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_a_script_is_named() -> None:
    with pytest.raises(ForeignFile, match="TorchScript archive: load it with torch.jit.load"):
        read_torch_file(zip_of({"data.pkl": b"", "constants.pkl": b"", "code/a.py": b""}))
