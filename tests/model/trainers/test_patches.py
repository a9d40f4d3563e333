"""Patches with hidden pixels: their composition, no-data pixels, options out of range."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import RandomState
from torch import Tensor

from model.build import build_trainer
from model.nodata import fill_with_mean
from model.trainers.bs3lnet import BS3LNetTrainer
from model.trainers.directnet import DirectNetTrainer
from model.trainers.hidden_pixels import (
    draw_from_ring,
    draw_scattered,
    hide_inner_window,
    hide_scattered,
    inner_window_pixels,
    number_hidden,
)
from model.trainers.patch_trainer import PatchTrainer
from model.trainers.patches import Patches, mirrored_windows
from options.parse import resolve
from utils.seeds import seed_everything

CPU = torch.device("cpu")
SMALL: dict[str, dict[str, Any]] = {
    "directnet": {"outer_window": 7, "inner_window": 3},
    "bs3lnet": {"patch": 7, "size_window": 3, "ratio": 0.8, "nblk": 1},
}
BOTH = pytest.mark.parametrize("method", SMALL)


def trainer_of(method: str, *, size: tuple[int, int] = (9, 8), **settings: Any) -> PatchTrainer:
    """Build a small trainer for images (1, 3, *size)."""
    small = {"nch_ker": 4, "batch_size": 16, "learning_rate": 1e-3, **SMALL[method]}
    name, options = resolve({"method": method, **small, **settings})
    seed_everything(options["seed"])
    trainer = build_trainer(name, torch.Size((1, 3, *size)), device=CPU, options=options)
    assert isinstance(trainer, PatchTrainer)
    return trainer


def random_image(height: int = 9, width: int = 8) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(5))


def with_no_data() -> Tensor:
    """Make an image with four no-data pixels."""
    image = random_image()
    image[:, :, 2, 3:6] = image[:, :, 8, 0] = torch.nan
    return image


@pytest.mark.parametrize(("height", "width"), [(9, 8), (8, 13), (2, 3)])
def test_labels_are_the_mirrored_surroundings_of_every_pixel(height: int, width: int) -> None:
    image, side = random_image(height, width), 7
    hidden = hide_inner_window(np.zeros((height * width, 1), int), side=side, inner=1)
    patches = Patches(image, side=side, hidden=hidden, device=CPU)
    mirrored = np.pad(image[0].numpy(), ((0, 0), (3, 3), (3, 3)), mode="reflect")
    _, labels, mask = patches.batch(torch.arange(height * width))
    for number, label in enumerate(labels):
        row, column = divmod(number, width)
        expected = mirrored[:, row : row + side, column : column + side]
        np.testing.assert_array_equal(label, expected)
    assert torch.equal(mask.nonzero()[:, 2:], torch.full((height * width, 2), 3))


def test_windows_beyond_an_end_are_mirrored_at_it() -> None:
    assert mirrored_windows(4, 5).tolist() == [
        [2, 1, 0, 1, 2],
        [1, 0, 1, 2, 3],
        [0, 1, 2, 3, 2],
        [1, 2, 3, 2, 1],
    ]


@pytest.mark.parametrize("inner", [1, 2, 3, 5])
def test_an_inner_window_is_replaced_by_different_pixels_around_it(inner: int) -> None:
    side = 9
    chosen = draw_from_ring(RandomState(0), 50, side=side, inner=inner)
    hidden = hide_inner_window(chosen, side=side, inner=inner)
    window = inner_window_pixels(side, inner)
    assert len(window) == inner**2 and side**2 // 2 in window
    assert not set(hidden.sources.ravel()) & set(window)
    assert all(len(set(sources)) == inner**2 for sources in hidden.sources)
    assert (hidden.counted == side**2 // 2).all()


@pytest.mark.parametrize(("ratio", "window"), [(0.9, 5), (0.5, 2), (0, 3), (0.99, 4)])
def test_scattered_pixels_are_replaced_by_other_pixels_near_them(ratio: float, window: int) -> None:
    side = 9
    pixels, offsets = draw_scattered(RandomState(0), 40, side=side, ratio=ratio, window=window)
    assert pixels.shape == offsets.shape == (40, number_hidden(side, ratio), 2)
    assert (pixels[:, 0] == 4).all() and (pixels[:, 1:] != 4).any(axis=2).all()
    assert offsets.any(axis=2).all()
    low, high = -(window // 2), window // 2 + window % 2
    assert offsets.min() == low and offsets.max() == high - 1
    assert pixels.min() >= 0 and pixels.max() < side


def test_the_later_of_two_replacements_counts_and_edges_are_joined() -> None:
    pixels = np.array([[[1, 1], [0, 2], [1, 1]]], np.int32)
    offsets = np.array([[[0, 1], [-1, 1], [1, 0]]], np.int32)
    hidden = hide_scattered(pixels, offsets, side=3)
    assert hidden.hidden.tolist() == [[4, 2, 4]]
    assert hidden.sources.tolist() == [[7, 6, 7]]  # (2, 1), and (-1, 3) is (2, 0)


@BOTH
def test_only_hidden_pixels_differ_between_input_and_label(method: str) -> None:
    trainer = trainer_of(method)
    patches = trainer.patches_of(random_image())
    inputs, labels, mask = patches.batch(torch.arange(len(patches)))
    hidden = torch.zeros(len(patches), 49, dtype=torch.bool)
    hidden.scatter_(1, patches.hidden.long(), True)
    differs = (inputs != labels).any(dim=1).flatten(1)
    assert differs.any() and not (differs & ~hidden).any()
    assert (mask[:, 0, 3, 3] == 1).all()
    if method == "bs3lnet":
        assert torch.equal(mask.flatten(1) == 1, hidden)


def test_the_overwritten_pixels_do_not_change_the_loss_of_directnet() -> None:
    trainer, image = trainer_of("directnet"), random_image(21, 21)
    trainer.network.eval()  # batches are normalised by constants
    numbers = torch.tensor([10 * 21 + 10])
    losses, predictions = [], []
    for value in (0.0, 0.7):
        image[:, :, 9:12, 9:12] = value
        image[:, :, 10, 10] = 0.3
        hidden = trainer.patches_of(image)
        losses.append(trainer.batch_loss(*hidden.batch(numbers)).item())
        predictions.append(trainer.reconstruct(image)[0, :, 10, 10])
    assert losses[0] == losses[1] > 0
    assert not torch.equal(*predictions)


@BOTH
def test_the_loss_is_a_mean_over_all_values_of_the_patches(method: str) -> None:
    trainer = trainer_of(method)
    patches = trainer.patches_of(random_image())
    inputs, labels, mask = patches.batch(torch.arange(5))
    loss = trainer.batch_loss(inputs, labels, mask)
    output = trainer.network(inputs).detach()
    counted = (output - labels).abs().sum(dim=1)[mask[:, 0] == 1]
    assert loss.item() == pytest.approx(float(counted.sum()) / labels.numel(), rel=1e-5)


@BOTH
def test_an_epoch_takes_every_patch_once_and_yields_the_mean_loss(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, seen = trainer_of(method, learning_rate=0), list[Tensor]()
    batch = Patches.batch

    def noted(patches: Patches, numbers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        seen.append(numbers)
        return batch(patches, numbers)

    monkeypatch.setattr(Patches, "batch", noted)
    (_, loss), (_, other) = trainer.train(random_image(), epochs=2)
    first, second = torch.cat(seen[:5]), torch.cat(seen[5:])
    assert [len(numbers) for numbers in seen[:5]] == [16, 16, 16, 16, 8]
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(72))
    assert not torch.equal(first, second)
    assert loss == pytest.approx(other, rel=0.1) and loss > 0


@BOTH
def test_no_data_pixels_have_no_patch_no_loss_and_no_score(method: str) -> None:
    image, trainer = with_no_data(), trainer_of(method)
    patches = trainer.patches_of(image)
    assert len(patches) == 72 - 4
    _, labels, mask = patches.batch(torch.arange(len(patches)))
    mean = fill_with_mean(image)[0, :, 2, 3]
    assert torch.equal(mean, image[0].flatten(1).nanmean(dim=1))
    no_data = (labels == mean[:, None, None]).all(dim=1, keepdim=True)
    assert no_data.any() and mask.any() and not mask[no_data].any()
    assert all(np.isfinite(loss) for _, loss in trainer.train(image, epochs=2))
    assert torch.equal(trainer.detect(image)[0].isnan(), image[0, 0].isnan())


@BOTH
def test_images_without_no_data_pixels_are_not_filled(method: str) -> None:
    image = random_image()
    assert fill_with_mean(image) is image
    assert trainer_of(method).detect(image)[0].isfinite().all()


@BOTH
def test_one_seed_gives_one_training_whatever_was_drawn_before(method: str) -> None:
    image, results = random_image(), []
    for seed in (1, 1, 2):
        np.random.rand(3)
        trainer = trainer_of(method, seed=seed)
        np.random.rand(seed)
        list(trainer.train(image, epochs=2))
        results.append(trainer.detect(image)[0])
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


@BOTH
@pytest.mark.parametrize("value", [0.0, 1e-6, 1e6])
def test_constant_images_and_small_and_large_values_have_finite_scores(
    method: str, value: float
) -> None:
    image = value * torch.ones(1, 3, 9, 8)
    image[:, 0, 4, 4] = 2 * value
    trainer = trainer_of(method)
    assert all(np.isfinite(loss) for _, loss in trainer.train(image, epochs=2))
    assert trainer.detect(image)[0].isfinite().all()


@BOTH
@pytest.mark.parametrize("size", [(2, 2), (2, 40), (3, 5)])
def test_scenes_smaller_than_a_patch_are_mirrored_repeatedly(
    method: str, size: tuple[int, int]
) -> None:
    trainer = trainer_of(method, size=size)
    (epoch, loss), *_ = trainer.train(random_image(*size), epochs=1)
    assert (epoch, np.isfinite(loss)) == (1, True)
    assert trainer.detect(random_image(*size))[0].shape == size


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        ("directnet", {"outer_window": 8}, "outer_window 8 is not an odd number from 7 on"),
        ("directnet", {"outer_window": 5}, "outer_window 5 is not an odd number from 7 on"),
        ("directnet", {"inner_window": 5}, "inner_window 5 has more pixels than the ring.*4 is"),
        ("bs3lnet", {"patch": 8}, "patch 8 is not an odd number from 3 on"),
        ("bs3lnet", {"patch": 1}, "patch 1 is not an odd number from 3 on"),
        ("bs3lnet", {"ratio": 1}, "ratio 1 hides no pixel of a patch"),
        ("bs3lnet", {"size": (1, 9)}, "at least 2×2 pixels, not 1×9"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    method: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        trainer_of(method, **settings)


@BOTH
@pytest.mark.parametrize("where", [1, 3])
def test_a_loss_that_is_not_finite_ends_the_training_and_changes_no_weight(
    method: str, where: int
) -> None:
    trainer, image = trainer_of(method), random_image()
    loss, calls = trainer.loss, []

    def spoilt(output: Tensor, target: Tensor) -> Tensor:
        calls.append({key: value.clone() for key, value in trainer.network.named_parameters()})
        return loss(output, target) * (torch.nan if len(calls) >= where else 1)

    trainer.loss = spoilt
    with pytest.raises(FloatingPointError, match="nan at epoch 1"):
        list(trainer.train(image, epochs=1))
    for key, value in trainer.network.named_parameters():
        assert torch.equal(value, calls[where - 1][key])


def test_trainers_have_the_options_of_the_command_line() -> None:
    direct = trainer_of("directnet", lossm="l2", seed=7, weight_decay=0.5)
    scattered = trainer_of("bs3lnet", precision="tf32")
    assert isinstance(direct, DirectNetTrainer) and isinstance(scattered, BS3LNetTrainer)
    assert (direct.side, direct.inner_window, direct.batch_size, direct.seed) == (7, 3, 16, 7)
    assert (scattered.side, scattered.size_window, scattered.ratio) == (7, 3, 0.8)
    assert scattered.precision == "fp32"  # a CPU has no tf32
    assert direct.loss(torch.zeros(1), torch.full((1,), 3.0)) == 9
