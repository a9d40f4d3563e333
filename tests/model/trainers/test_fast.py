"""The preset `fast`: tiles, standardised bands, steps and scores."""

import pytest
import torch
from torch import Tensor

from model.networks.nl2net import NL2Net
from model.scoring.bands import BandStatistics
from model.scoring.scoring import Scoring
from model.trainers.fast import FastTrainer


def trainer_of(*mode: str, bands: int = 3, factor: int = 2, seed: int = 0) -> FastTrainer:
    torch.manual_seed(seed)
    network = NL2Net(bands=bands, factor=factor, channels=8, mode=mode or ["na"])
    return FastTrainer(network)


def image(*size: int, bands: int = 3) -> Tensor:
    """Return an image of bands that differ in level and spread, (1, B, H, W)."""
    values = torch.rand(1, bands, *size, generator=torch.Generator().manual_seed(1))
    spread = torch.linspace(0.1, 0.8, bands)[:, None, None]
    return spread * values + 0.1


def self_influence(trainer: FastTrainer, image: Tensor, factor: int) -> float:
    """Return the largest change of a pixel by its own input, relative to the largest of all."""
    before = trainer.reconstruct_tiles(image, factor)
    own, largest = 0.0, 0.0
    for row, column in [(0, 0), (5, 4), (8, 10), (3, 7)]:
        changed = image.clone()
        changed[..., row, column] += 10
        change = (trainer.reconstruct_tiles(changed, factor) - before).abs()
        own = max(own, float(change[..., row, column].max()))
        largest = max(largest, float(change.max()))
    assert largest > 1e-3
    return own / largest


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_no_pixel_sees_itself(factor: int) -> None:
    assert self_influence(trainer_of("na", "na"), image(9, 11), factor) == 0


@pytest.mark.parametrize("factor", [1, 2])
def test_no_pixel_sees_itself_with_attention(factor: int) -> None:
    assert self_influence(trainer_of("na", "ss"), image(9, 11), factor) < 1e-4


@pytest.mark.parametrize("size", [(9, 11), (7, 8), (10, 10)])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_every_tile_is_reconstructed_separately(factor: int, size: tuple[int, int]) -> None:
    trainer, whole = trainer_of("na", "ss"), image(*size)
    rebuilt = trainer.reconstruct_tiles(whole, factor)
    assert rebuilt.shape == whole.shape
    for row in range(factor):
        for column in range(factor):
            tile = whole[..., row::factor, column::factor]
            alone = trainer.network(tile, factor=1)
            torch.testing.assert_close(
                rebuilt[..., row::factor, column::factor], alone.detach(), atol=1e-6, rtol=0
            )


def test_bands_are_standardised_and_restored() -> None:
    cube = image(9, 11)
    bands = BandStatistics.of(cube)
    standardised = bands.standardise(cube)
    torch.testing.assert_close(standardised.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    spread = standardised.std(dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(spread, torch.ones(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(bands.restore(standardised), cube, atol=1e-6, rtol=0)


def test_a_constant_band_becomes_0_and_is_restored() -> None:
    cube = image(9, 11)
    cube[:, 1] = 0.3
    bands = BandStatistics.of(cube)
    standardised = bands.standardise(cube)
    assert standardised[:, 1].abs().max() < 1e-5
    assert float(standardised[:, 0].std()) == pytest.approx(1, rel=0.02)
    torch.testing.assert_close(bands.restore(standardised), cube, atol=1e-6, rtol=0)


def test_steps_use_one_tile_each_and_all_tiles_at_random() -> None:
    trainer, whole = trainer_of(), image(9, 11)
    standardised = BandStatistics.of(whole).standardise(whole)
    tiles = [standardised[..., row::2, column::2] for row in (0, 1) for column in (0, 1)]
    seen: list[Tensor] = []
    trainer.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    torch.manual_seed(0)
    assert [epoch for epoch, _ in trainer.train(whole, epochs=30)] == list(range(1, 31))
    numbers = [
        [number for number, tile in enumerate(tiles) if torch.equal(tile, of)] for of in seen
    ]
    assert len(numbers) == 30 and all(len(found) == 1 for found in numbers)
    assert {found[0] for found in numbers} == {0, 1, 2, 3}


def test_the_learning_rate_warms_up_and_falls_almost_to_0() -> None:
    trainer = trainer_of()
    (group,) = trainer.optimiser.param_groups
    rates = [group["lr"] for _ in trainer.train(image(6, 6), epochs=40)]
    highest = rates.index(max(rates))
    assert highest in (3, 4) and rates[highest] == pytest.approx(3e-3)
    assert rates[0] == pytest.approx(3e-3 / 4)
    assert rates[: highest + 1] == sorted(rates[: highest + 1])
    assert rates[highest:] == sorted(rates[highest:], reverse=True)
    assert 0 < rates[-1] < 0.01 * 3e-3


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_the_shortest_trainings_learn(epochs: int) -> None:
    trainer = trainer_of()
    before = trainer.weights()["tail.4.bias"]
    list(trainer.train(image(6, 6), epochs=epochs))
    assert not torch.equal(trainer.weights()["tail.4.bias"], before)


def test_the_reconstruction_is_in_the_units_of_the_image() -> None:
    """The reconstruction of an image in other units is that of the image, in those units."""
    trainer, whole = trainer_of(), image(9, 11)
    list(trainer.train(whole, epochs=40))
    rebuilt = trainer.reconstruct(whole)
    scale, level = torch.tensor([3.0, 50.0, 0.2]), torch.tensor([-1.0, 20.0, 0.0])
    other = whole * scale[:, None, None] + level[:, None, None]
    expected = rebuilt * scale[:, None, None] + level[:, None, None]
    torch.testing.assert_close(trainer.reconstruct(other), expected, rtol=1e-3, atol=1e-3)
    levels = whole.mean(dim=(0, 2, 3))
    torch.testing.assert_close(rebuilt.mean(dim=(0, 2, 3)), levels, rtol=0.1, atol=0.02)
    trainer.scoring = Scoring("deviation")
    scores, of_detect = trainer.detect(whole)
    assert of_detect is not None and torch.equal(of_detect, rebuilt)
    other_scores, _ = trainer.detect(other)
    torch.testing.assert_close(other_scores, scores, rtol=1e-3, atol=1e-3)


def test_the_own_scores_are_the_mean_squared_residuals_of_the_reconstruction() -> None:
    trainer, whole = trainer_of(), image(9, 11)
    expected = (whole - trainer.reconstruct(whole)).square().mean(dim=1)[0]
    torch.testing.assert_close(trainer.examine(whole).own, expected)


def test_the_residuals_are_standardised_and_of_two_factors() -> None:
    trainer, whole = trainer_of(), image(9, 11)
    bands = BandStatistics.of(whole)
    standardised = bands.standardise(whole)
    at_one, at_two = trainer.examine(whole).residuals
    assert torch.equal(at_one, standardised - trainer.reconstruct_tiles(standardised, 1))
    assert torch.equal(at_two, standardised - trainer.reconstruct_tiles(standardised, 2))
    assert not torch.equal(at_one, at_two)


def test_the_passes_at_each_factor_are_half_of_the_progress() -> None:
    shares: list[float] = []
    trainer = trainer_of("na")
    trainer.progress = shares.append
    evidence = trainer.examine(image(9, 8))
    assert shares[-1] == 0.5
    assert len(evidence.residuals) == 2
    assert shares[-1] == 1 and shares == sorted(shares)


def trained_on(whole: Tensor) -> FastTrainer:
    trainer = trainer_of(seed=5)
    list(trainer.train(whole, epochs=8))
    return trainer


def test_a_seed_gives_a_training() -> None:
    one, same, other = (trainer_of("na", "ss", seed=seed) for seed in (3, 3, 4))
    losses = []
    for trainer in (one, same, other):
        torch.manual_seed(0)
        losses.append([loss for _, loss in trainer.train(image(9, 11), epochs=5)])
    assert losses[0] == losses[1] != losses[2]
    assert torch.equal(one.detect(image(9, 11))[0], same.detect(image(9, 11))[0])


def with_no_data(value: float) -> tuple[Tensor, Tensor]:
    """Return an image whose no-data pixels have NaN and this value in two bands; and their mask."""
    mask = torch.zeros(9, 11, dtype=torch.bool)
    mask[:2] = mask[5, 6] = True
    whole = image(9, 11)
    whole[0, 0, mask] = torch.nan
    whole[0, 2, mask] = value
    return whole, mask


def test_no_data_pixels_affect_no_weight_and_have_no_score() -> None:
    (one, mask), (other, _) = with_no_data(0.5), with_no_data(-1e4)
    trainers = [trained_on(of) for of in (one, other)]
    weights, same = (trainer.weights() for trainer in trainers)
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    scores = [trainer.detect(of)[0] for trainer, of in zip(trainers, (one, other), strict=True)]
    assert torch.equal(scores[0].isnan(), mask)
    assert torch.equal(scores[0][~mask], scores[1][~mask])
    assert trainers[0].reconstruct(one).isfinite().all()
    full = trained_on(image(9, 11)).weights()
    assert not all(torch.equal(weights[name], full[name]) for name in weights)


def test_a_tile_without_valid_pixels_changes_nothing() -> None:
    """Every second row has no data, and so half of the tiles have no valid pixel."""
    whole = image(10, 10)
    whole[..., ::2, :] = torch.nan
    trainer = trainer_of(seed=5)
    losses = [loss for _, loss in trainer.train(whole, epochs=12)]
    assert len(losses) == 12 and losses[-1] < 10
    assert trainer.reconstruct(whole).isfinite().all()


def test_a_pixel_unlike_its_neighbours_scores_highest() -> None:
    whole = torch.ones(1, 4, 20, 18) * torch.tensor([0.2, 0.4, 0.6, 0.8])[:, None, None]
    whole += 0.02 * torch.randn(whole.shape, generator=torch.Generator().manual_seed(2))
    whole[0, :, 11, 5] = torch.tensor([0.8, 0.2, 0.7, 0.1])
    trainer = trainer_of(bands=4)
    list(trainer.train(whole, epochs=60))
    scores, _ = trainer.detect(whole)
    assert scores.shape == (20, 18) and divmod(int(scores.argmax()), 18) == (11, 5)
