"""Average of the maps of a training."""

import pytest
import torch

from model.scoring.averaging import MapAverage
from model.scoring.scoring import Scoring
from tests.model.test_build import build, image


def test_maps_count_alike_whatever_their_scale() -> None:
    average = MapAverage(10)
    assert average.map is None
    one, other = torch.tensor([[1.0, 3.0]]), torch.tensor([[300.0, 100.0]])
    average.add(one)
    average.add(other)
    torch.testing.assert_close(average.map, torch.tensor([[1.0, 1.0]]))
    assert average.maps == 2


def test_no_data_pixels_stay_so_and_a_map_of_0_adds_nothing() -> None:
    average = MapAverage(1)
    average.add(torch.tensor([[torch.nan, 2.0, 6.0]]))
    average.add(torch.tensor([[torch.nan, 0.0, 0.0]]))
    assert average.map is not None
    torch.testing.assert_close(average.map, torch.tensor([[torch.nan, 0.25, 0.75]]), equal_nan=True)


@pytest.mark.parametrize(("every", "due"), [(0, []), (1, [1, 2, 3, 4, 5]), (2, [2, 4])])
def test_maps_are_due_every_so_many_epochs(every: int, due: list[int]) -> None:
    assert [epoch for epoch in range(1, 6) if MapAverage(every).is_due(epoch)] == due


@pytest.mark.parametrize("score", ["paper", "deviation", "combined"])
def test_a_training_averages_the_maps_of_its_epochs(score: str) -> None:
    """The mean squared residual counts by its root."""
    words = ("--score", score, "--largest_object", "4")
    trainer, alike = (build("lfeb", *words, "--average_every", str(n)) for n in (2, 0))
    assert alike.average.map is None and trainer.scoring == Scoring(score, 4)
    whole, expected = image(), torch.zeros(9, 8)
    epochs = zip(trainer.train(whole, epochs=5), alike.train(whole, epochs=5), strict=True)
    for (epoch, loss), (_, other) in epochs:
        assert loss == other
        if epoch % 2 == 0:
            scores = alike.scoring.map_of(alike.examine(whole))
            scores = scores.sqrt() if score == "paper" else scores
            expected += scores / scores.mean() / 2
    torch.testing.assert_close(trainer.average.map, expected)
    scores, reconstruction = trainer.detect_trained(whole)
    torch.testing.assert_close(scores, trainer.scoring.emphasise(expected))
    torch.testing.assert_close(reconstruction, trainer.reconstruct(whole))
