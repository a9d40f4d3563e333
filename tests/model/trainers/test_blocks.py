"""Networks on blocks: the grid, images from blocks, content matching, flags, no-data pixels."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from model.networks.gthad import GTHAD
from model.networks.layers.patch_attention import PatchQueries, from_patches, to_patches
from model.networks.smhad import SMHAD
from model.scores import SCORES
from model.scoring.averaging import MapAverage
from model.scoring.scoring import Scoring
from model.trainers.block_grid import BlockGrid, BlockMean, ImageBlocks
from model.trainers.block_matching import matching_blocks
from model.trainers.blocks import BlockTrainer, pool
from tests.training.checkpoints.weights import read_weights
from training.checkpoints.save_and_load import load_weights, save_checkpoint
from utils.errors import InputError
from utils.seeds import seed_everything

CPU = torch.device("cpu")


def image(height: int = 12, width: int = 14, *, bands: int = 3) -> Tensor:
    return torch.rand(1, bands, height, width, generator=torch.Generator().manual_seed(1))


def trainer(*, search_every: int = 2, precision: str = "fp32") -> BlockTrainer:
    seed_everything(3)
    network = GTHAD(bands=3, channels=8)
    return BlockTrainer(
        network,
        learning_rate=1e-2,
        batch_size=7,
        search_every=search_every,
        precision=precision,
    )


@pytest.mark.parametrize("bands", [102, 191, 205])
def test_parameters_of_the_published_network(bands: int) -> None:
    known = {102: 136_582, 191: 239_199, 205: 255_341}
    network = GTHAD(bands=bands)
    assert sum(value.numel() for value in network.parameters()) == known[bands]
    assert len(network.state_dict()) == 14


@pytest.mark.parametrize("size", [1, 2, 8, 9, 10, 11, 12])
def test_a_side_has_a_block_for_every_three_pixels(size: int) -> None:
    grid = BlockGrid(size, 100)
    assert (grid.rows, grid.columns) == ((size + 2) // 3, 34)
    *_, top, bottom = grid.padding
    assert top + size + bottom == max(size, 3 * (grid.rows - 1) + 9) and 0 <= bottom - top <= 1
    if size >= 3:
        assert top + bottom == (6, 8, 7)[size % 3]


@pytest.mark.parametrize("size", [(1, 1), (2, 13), (9, 9), (10, 11), (12, 10), (11, 12)])
def test_the_image_comes_back_from_its_blocks(size: tuple[int, int]) -> None:
    original = image(*size)
    blocks = ImageBlocks.of(original)
    mean = BlockMean(blocks.grid, blocks.bands, CPU)
    for numbers in torch.randperm(len(blocks.grid)).split(5):
        mean.add(numbers, blocks.cut(numbers))
    torch.testing.assert_close(mean.image(), original, rtol=0, atol=2e-7)


def test_patches_come_back_in_their_order() -> None:
    features = torch.arange(2 * 81 * 4.0).reshape(2, 9, 9, 4)
    patches = to_patches(features)
    assert torch.equal(patches[1, 5], features[1, 3:6, 6:9].flatten())
    assert torch.equal(from_patches(patches), features)


def test_a_patch_of_a_closed_block_does_not_attend_to_itself() -> None:
    torch.manual_seed(0)
    opened = torch.tensor([False, True])
    logits = PatchQueries(6).logits(torch.randn(2, 9, 9, 6), opened)
    weights = logits.softmax(dim=-1)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 9))
    own = weights.diagonal(dim1=1, dim2=2)
    assert (own[0] < 1e-40).all() and (own[1] > 1e-3).all()


def literal_matches(rebuilt: Tensor, original: Tensor) -> Tensor:
    distances = torch.stack([(one - original + 1e-6).norm(dim=1) for one in rebuilt])
    return distances.argmin(dim=1) == torch.arange(len(rebuilt))


def matches(rebuilt: Tensor, original: Tensor) -> Tensor:
    return matching_blocks(
        lambda numbers: rebuilt[numbers], lambda numbers: original[numbers], torch.arange(700)
    )


def test_matching_by_products_is_that_by_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    original = torch.rand(700, 40, generator=generator)
    rebuilt = original + 0.4 * torch.randn(700, 40, generator=generator)
    found = matches(rebuilt, original)
    assert torch.equal(found, literal_matches(rebuilt.double(), original.double()))
    assert 50 < found.sum() < 650


def test_without_an_error_all_blocks_match_but_the_second_of_two_equal_ones() -> None:
    original = torch.rand(700, 40, generator=torch.Generator().manual_seed(0))
    assert matches(original, original).all()
    original[9] = original[650]
    assert (~matches(original, original)).nonzero().flatten().tolist() == [650]


def test_residuals_are_divided_by_45_at_the_rim_of_a_block_too() -> None:
    pooled = pool(torch.ones(1, 8, 9, 9))
    assert pooled[0, 4, 4, 4] == 1
    torch.testing.assert_close(pooled[0, 0, 0, 0], torch.tensor(3 * 2 * 2 / 45))
    assert pool(torch.ones(1, 1, 9, 9))[0, 0, 4, 4] == pytest.approx(9 / 45)


def test_no_search_follows_the_last_epoch() -> None:
    seen = {}
    for epochs in (2, 3):
        training = trainer(search_every=2)
        training.find_matching = lambda blocks, rebuilt: torch.ones(20, dtype=torch.bool)  # type: ignore[method-assign]
        for _ in training.train(image(), epochs=epochs):
            pass
        seen[epochs] = int(training.open_blocks.sum())
    assert seen == {2: 0, 3: 20}


def test_values_under_no_data_pixels_change_nothing() -> None:
    """No loss, gradient, flag or score: no-data pixels have none."""
    missing = torch.zeros(12, 14, dtype=torch.bool)
    missing[2, 3:6] = missing[9:, 10:] = True
    holes = image().masked_fill(missing, torch.nan)
    training = trainer()
    losses = [loss for _, loss in training.train(holes, epochs=5)]
    scores, rebuilt = training.detect(holes)
    assert torch.equal(scores.isnan(), missing) and rebuilt is not None
    assert all(map(torch.isfinite, torch.tensor(losses)))
    # the mean of the squares of the valid pixels
    blocks, fresh = ImageBlocks.of(holes), trainer()
    numbers = blocks.grid.numbers(CPU)
    outputs, valid = fresh.network(blocks.cut(numbers)), blocks.cut_valid(numbers)
    assert valid is not None
    squares = ((outputs - blocks.cut(numbers)) * valid).square()
    fresh.open_blocks = torch.zeros(len(blocks.grid), dtype=torch.bool)
    loss = fresh.batch_loss(blocks, None, numbers)
    torch.testing.assert_close(loss, squares.sum() / (3 * valid.sum()))


def test_flags_change_in_place_where_graphs_read_them() -> None:
    training = trainer(search_every=1)
    steps = training.train(image(), epochs=9)
    next(steps)
    flags, before = training.open_blocks, training.open_blocks.clone()
    list(steps)
    assert training.open_blocks is flags and not torch.equal(flags, before)


def test_blocks_of_no_data_pixels_alone_are_left_out() -> None:
    holes = image(9, 60)
    holes[..., 12:48] = torch.nan
    training = trainer()
    assert len(list(training.train(holes, epochs=3))) == 3
    scores, _ = training.detect(holes)
    assert scores.isfinite().sum() == 9 * 24


def test_flags_are_saved_with_the_weights(tmp_path: Path) -> None:
    training = trainer()
    list(training.train(image(), epochs=3))
    training.open_blocks[::2] = True
    training.open_blocks[1::2] = False
    path = tmp_path / "x.pkl"
    save_checkpoint(path, training.weights())
    other = trainer()
    assert load_weights(other, path) == ""
    assert torch.equal(other.open_blocks, training.open_blocks)
    assert torch.equal(other.detect(image())[0], training.detect(image())[0])


def test_weights_of_the_authors_program_have_no_flags(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "x.pkl", trainer().network.state_dict())
    other = trainer()
    note = load_weights(other, tmp_path / "x.pkl")
    assert note == "all blocks are closed: it has no 'open_blocks'"
    assert other.detect(image())[0].isfinite().all()


def test_flags_that_are_none_are_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "x.pkl", {**trainer().weights(), "open_blocks": torch.tensor([0.5])})
    with pytest.raises(InputError, match="'open_blocks' is not a list of 0 and 1"):
        load_weights(trainer(), tmp_path / "x.pkl")
    assert "open_blocks" in read_weights(tmp_path / "x.pkl")


def test_an_image_of_another_size_is_refused() -> None:
    training = trainer()
    list(training.train(image(), epochs=1))
    with pytest.raises(ValueError, match="fitted to, of 20 blocks, not 12×17 pixels, which are 24"):
        training.detect(image(12, 17))


def test_a_feed_forward_part_without_channels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mlp_ratio 0.1 leaves none of 8 channels; 2 is"):
        GTHAD(bands=3, channels=8, mlp_ratio=0.1)


@pytest.mark.parametrize("method", ["gthad", "smhad"])
def test_an_epoch_in_bf16_is_close_to_one_in_fp32(method: str) -> None:
    losses = []
    for precision in ("fp32", "bf16"):
        training = trainer(precision=precision)
        if method == "smhad":
            network = SMHAD(bands=3, channels=8, states=4)
            training = BlockTrainer(network, learning_rate=1e-2, precision=precision)
        seed_everything(3)
        losses.append(next(iter(training.train(image(), epochs=1)))[1])
    assert losses[0] == pytest.approx(losses[1], rel=0.05) and losses[0] != losses[1]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 30)])
def test_small_images_are_scored(size: tuple[int, int]) -> None:
    training = trainer()
    list(training.train(image(*size), epochs=3))
    assert training.detect(image(*size))[0].isfinite().all()


def test_a_training_that_diverges_is_stopped() -> None:
    network = GTHAD(bands=3, channels=8)
    training = BlockTrainer(network, learning_rate=1e30, batch_size=7)
    with pytest.raises(FloatingPointError, match="try a smaller learning rate"):
        list(training.train(image(), epochs=9))
    assert all(weight.isfinite().all() for weight in training.weights().values())


def test_maps_over_the_training_are_averaged() -> None:
    training = trainer()
    training.average = MapAverage(2)
    list(training.train(image(), epochs=5))
    scores, rebuilt = training.detect_trained(image())
    assert training.average.maps == 2 and rebuilt is not None
    assert scores.isfinite().all() and not torch.equal(scores, training.detect(image())[0])


@pytest.mark.parametrize("score", SCORES)
def test_every_score_has_what_it_needs(score: str) -> None:
    training = trainer()
    training.scoring = Scoring(score, largest_object=3)
    assert training.detect(image())[0].isfinite().all()
