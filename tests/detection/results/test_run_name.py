"""Names of predictions: one for each set of options that gives other results."""

import os

import pytest

from detection.results.run_name import prediction_name
from model.methods import METHODS
from options.flags import FLAGS
from options.parse import parse

TRAINED = "NL2Net_epoch_100_learning_rate_0.0001_factor_2_gpu_ids_0"


def name(*words: str, training: str = "") -> str:
    """The name of the prediction of a command."""
    return prediction_name(parse(words)[0], training=training)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "RX"),
        ("--gpu_ids -1 --result_dir x --stretch log", "RX"),  # the scores are the same
        ("--ridge 0.01 --threshold pf=0.001", "RX_threshold_pf-0.001_ridge_0.01"),
        ("--threshold 0.4", "RX_threshold_value-0.4"),
        ("--bands 1-50 --map none", "RX_map_none_bands_1-50"),
        ("--largest_object 30", "RX_largest_object_30"),
    ],
)
def test_a_method_without_training_is_named_by_what_changes_its_scores(
    words: str, expected: str
) -> None:
    assert name("--method", "rx", *words.split()) == expected


@pytest.mark.parametrize(
    ("words", "suffix"),
    [
        ("", ""),
        ("--epochs 5 --seed 3 --gpu_ids 1", ""),  # in the name of the training
        ("--factor 3", ""),
        ("--factor_train 3", "_factor_test_2"),
        ("--factor_train 3 --factor_test 2", "_factor_test_2"),
        ("--factor_test 3", "_factor_test_3"),
        ("--score combined", "_score_combined"),
        ("--average_every 10 --score combined", ""),  # in the name of the training, too
        ("--preset fast", ""),
        ("--preset fast --largest_object 0", "_largest_object_0"),
        ("--method apbsn", ""),  # which has other strides by default
        ("--method apbsn --factor_test 5", "_factor_test_5"),
        ("--method apbsn --refinement", "_refinement_True"),
    ],
)
def test_the_options_of_a_prediction_follow_the_name_of_its_training(
    words: str, suffix: str
) -> None:
    assert name(*words.split(), training=TRAINED) == TRAINED + suffix


def test_a_name_that_is_too_long_ends_with_a_digest_of_all() -> None:
    long = name("--threshold", "0.4", "--score", "combined", training="x" * 250)
    assert len(os.fsencode(long)) == 255 and long.startswith("x" * 200)
    assert long != name("--threshold", "0.5", "--score", "combined", training="x" * 250)


@pytest.mark.parametrize("method", METHODS)
def test_every_option_of_a_method_names_its_runs_or_its_predictions(method: str) -> None:
    for option in METHODS[method].options:
        flag = FLAGS[option]
        assert flag.names_run or flag.names_prediction, option
