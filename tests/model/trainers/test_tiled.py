"""Images read in windows: division into tiles, training and scoring."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import data.lazy_cube
from data.lazy_cube import LazyCube
from model.image import LazyImage
from model.networks.nl2net import NL2Net
from model.trainers.tiled import TiledTrainer
from model.trainers.trainer import Trainer
from tests.conftest import CommandLine
from tests.latest import latest


def trainer_of(*mode: str, tile: int, factor: int = 2) -> TiledTrainer:
    torch.manual_seed(0)
    network = NL2Net(bands=3, factor=factor, channels=8, mode=mode or ["na"])
    return TiledTrainer(network, tile=tile)


def image(*size: int) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))


def read_in(whole: Tensor) -> tuple[LazyImage, list[tuple[slice, slice]]]:
    """Return an image read in windows, and the list of the windows read."""
    windows: list[tuple[slice, slice]] = []

    def read(rows: slice, columns: slice) -> Tensor:
        windows.append((rows, columns))
        return whole[..., rows, columns]

    return LazyImage(whole.shape, read), windows


@pytest.mark.parametrize("size", [1, 7, 31, 32, 33, 64, 100, 257])
@pytest.mark.parametrize("tile", [9, 32, 50])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_spans_cover_every_pixel_once(factor: int, tile: int, size: int) -> None:
    spans = trainer_of(tile=tile, factor=factor).tile_spans(size)
    covered = [pixel for _, inner in spans for pixel in range(inner.start, inner.stop)]
    assert covered == list(range(size))
    for read, inner in spans:
        assert read.start % factor == 0
        assert 0 <= read.start <= inner.start < inner.stop <= read.stop <= size
        assert read.stop - read.start <= tile
    side = tile // factor * factor
    margin = side // 8 // factor * factor
    for read, inner in spans:  # a margin is discarded at borders within the image
        assert read.start == 0 or inner.start == read.start + margin
        assert read.stop == size or inner.stop == read.stop - margin


@pytest.mark.parametrize("size", [(13, 11), (12, 16)])
@pytest.mark.parametrize("factor", [1, 2])
def test_one_tile_gives_the_scores_of_the_whole(factor: int, size: tuple[int, int]) -> None:
    tiled = trainer_of("na", "ss", tile=16, factor=factor)
    scores, reconstruction = tiled.detect(image(*size))
    expected, _ = Trainer(tiled.network).detect(image(*size))
    assert torch.equal(scores, expected) and reconstruction is None


@pytest.mark.parametrize(("factor", "tile"), [(1, 40), (2, 80)])
def test_a_margin_beyond_the_reach_gives_the_scores_of_the_whole(factor: int, tile: int) -> None:
    """The local branch of one block reaches (2 + 3) · factor pixels.

    With a factor, the receptive field at the image's own border extends into the next image of the
    mosaic, of which a tile has another part: these pixels are excluded.
    """
    whole = image(tile + 21, tile + 8)
    windows, asked = read_in(whole)
    torch.manual_seed(0)
    network = NL2Net(bands=3, factor=factor, channels=8, mode=["na"], non_local=False)
    reach = 5 * factor
    border = slice(reach, -reach) if factor > 1 else slice(None)
    expected = Trainer(network).detect(whole)[0][border, border]
    scores, _ = TiledTrainer(network, tile=tile).detect(windows)
    assert len(asked) == 4
    torch.testing.assert_close(scores[border, border], expected, atol=1e-6, rtol=0)
    smaller, _ = TiledTrainer(network, tile=tile // 2).detect(whole)
    # where the margin is within its reach
    assert (smaller[border, border] - expected).abs().max() > 1e-5


def tiles_read(seed: int, size: tuple[int, int], tile: int) -> list[tuple[slice, slice]]:
    """Return the tiles of 30 steps."""
    windows, asked = read_in(image(*size))
    trainer = trainer_of(tile=tile)
    torch.manual_seed(seed)
    assert [epoch for epoch, _ in trainer.train(windows, epochs=30)] == list(range(1, 31))
    return asked


def test_steps_use_random_tiles_of_the_image() -> None:
    tiles = tiles_read(0, (14, 11), 8)
    assert len(tiles) == 30
    for side, size in enumerate((14, 11)):
        spans = [tile[side] for tile in tiles]
        assert {span.stop - span.start for span in spans} == {8}
        starts = {span.start for span in spans}
        assert starts == set(range(size - 8 + 1))  # to the last
    assert tiles == tiles_read(0, (14, 11), 8) != tiles_read(1, (14, 11), 8)


def test_an_image_smaller_than_a_tile_is_trained_on_whole() -> None:
    losses = []
    for kind in ("tiled", "whole"):
        tiled = trainer_of(tile=32)
        trainer = tiled if kind == "tiled" else Trainer(tiled.network)
        losses.append([loss for _, loss in trainer.train(image(9, 7), epochs=3)])
    assert losses[0] == losses[1]


def test_no_data_pixels_have_no_score_and_a_tile_of_them_changes_nothing() -> None:
    whole = image(40, 24)
    mask = torch.zeros(40, 24, dtype=torch.bool)
    mask[:20] = mask[30, 5] = True
    whole[0, 1, mask] = torch.nan
    tiled = trainer_of(tile=8)
    torch.manual_seed(0)
    before, unchanged = tiled.weights()["tail.4.bias"], 0
    for _, loss in tiled.train(whole, epochs=30):
        after = tiled.weights()["tail.4.bias"]
        assert torch.equal(before, after) == (loss == 0)
        unchanged += loss == 0
        before = after
    assert 0 < unchanged < 30
    scores, _ = tiled.detect(whole)
    assert torch.equal(scores.isnan(), mask)


def test_the_effect_of_tiles_is_measured_on_the_central_part() -> None:
    whole = image(70, 30)
    tiled = trainer_of("na", "ss", tile=32)
    part = whole[..., 11 : 11 + 48, :]
    ours, _ = tiled.detect(part)
    expected, _ = Trainer(tiled.network).detect(part)
    percent = 100 * float(((ours - expected).abs() / expected).median())
    assert percent > 0
    warning = tiled.warning(read_in(whole)[0])
    assert f"by {percent:.2g} % from" in warning and "48×30 pixels" in warning


def test_no_warning_where_one_tile_covers_the_image_or_the_part_has_no_data() -> None:
    tiled = trainer_of(tile=32)
    assert tiled.warning(image(32, 30)) == ""
    assert tiled.warning(image(40, 30).fill_(torch.nan)) == ""
    assert Trainer(tiled.network).warning(image(40, 30)) == ""


def write_scene(ending: str, cube: NDArray[Any]) -> None:
    """Write a cube as the scene `large`, in a format that is read in windows."""
    if ending == "npy":
        np.save("data/large.npy", cube)
        return
    height, width, bands = cube.shape
    Path("data/large.hdr").write_text(
        f"ENVI\nsamples = {width}\nlines = {height}\nbands = {bands}\nheader offset = 0\n"
        f"data type = 12\ninterleave = bsq\nbyte order = 0\n"
    )
    Path("data/large.img").write_bytes(cube.transpose(2, 0, 1).astype("<u2").tobytes())


@pytest.mark.parametrize("ending", ["npy", "hdr"])
def test_a_scene_on_disk_is_never_read_whole(
    workplace: Path, run: CommandLine, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    cube = np.random.default_rng(0).integers(0, 4000, (90, 70, 6)).astype(np.uint16)
    write_scene(ending, cube)
    sizes: list[int] = []
    read = LazyCube.read

    def spy(of: LazyCube, *where: slice) -> NDArray[Any]:
        block = read(of, *where)
        sizes.append(block.nbytes)
        return block

    monkeypatch.setattr(LazyCube, "read", spy)
    monkeypatch.setattr(data.lazy_cube, "BLOCK", 4000)
    out = run("--command", "run", "--dataset", "large", "--tile", "32")
    assert "no AUC, no ground truth" in out
    assert (
        max(sizes) == 48 * 48 * 6 * cube.itemsize < cube.nbytes / 2.5
    )  # the part that is compared
    (caution,) = re.findall(r"scores by tiles differ by (\S+) % .*48×48 pixels", out)
    assert 0 < float(caution) < 100
    metrics = json.loads((latest("large") / "metrics.json").read_text())
    assert metrics["caution"] in out and caution in (latest("large") / "report.html").read_text()
    names = {path.name for path in latest("large").iterdir()}
    assert "detectmap.mat" in names and "reconstructed_data.mat" not in names
    (folder,) = Path("checkpoints/large").iterdir()
    assert folder.name.endswith("_tile_32")
    assert (folder / "model" / "NL2Net_large_2.pkl").is_file()


def test_an_earlier_reconstruction_is_removed(small_scene: str, run: CommandLine) -> None:
    rebuilt = Path("result/small/reconstructed_data.mat")
    run("--command", "run", "--dataset", small_scene)
    assert rebuilt.is_file()
    run("--command", "run", "--dataset", small_scene, "--tile", "8")
    assert not rebuilt.exists() and rebuilt.with_name("detectmap.mat").is_file()


def test_the_preset_fast_has_no_tiles(small_scene: str, refusal: CommandLine) -> None:
    words = ["--command", "train", "--dataset", small_scene, "--tile", "8", "--preset", "fast"]
    assert "--tile does not apply to --preset fast" in refusal(*words)


def test_the_share_of_the_tiles_is_reported() -> None:
    trainer = trainer_of("na", tile=8)
    shares: list[float] = []
    trainer.progress = shares.append
    trainer.examine(image(20, 8))
    assert shares == sorted(shares) and len(shares) > 2 and shares[-1] == 1
