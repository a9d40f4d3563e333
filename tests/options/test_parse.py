"""Arguments to options and back: defaults, shorthands, checks of several options together."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import main
from model.methods import METHODS
from model.methods.method import PRECISIONS
from model.methods.presets import PRESETS
from options.flag import COMMANDS
from options.flags import FLAGS
from options.parse import (
    complete,
    expand_shorthands,
    method_options,
    non_default,
    parse,
    resolve,
)
from options.parser import build_parser
from options.recorded import format_options
from options.run_names import run_name_options
from options.text import command_line, to_argument
from utils.errors import InputError

NL2NET = {
    **{"epochs": 100, "learning_rate": 1e-4, "weight_decay": 1e-5, "seed": 1, "lossm": "l1"},
    **{
        "factor_train": 2,
        "factor_test": 2,
        "nch_ker": 64,
        "nblk": 6,
        "mode": ("na",) * 4 + ("ss",) * 2,
    },
    **{"f_scale": 2, "ss_exp_factor": 1.0, "precision": "fp32", "preset": "paper", "tile": 0},
    **{"average_every": 0, "score": "paper", "largest_object": 0},
}
DICTIONARY = {"clusters": 15, "atoms": 20, "seed": 1}
SCORED = {"score": "paper", "largest_object": 0}
LOCAL = {name: NL2NET[name] for name in METHODS["lfeb"].options}
ATTENTION = {name: NL2NET[name] for name in ("mode", "f_scale", "ss_exp_factor")}
WITHOUT_PD = {
    name: value
    for name, value in LOCAL.items()
    if name not in ("factor_train", "factor_test", "nblk")
}
APBSN = {**LOCAL, "epochs": 3000, "factor_train": 5, "nch_ker": 128, "nblk": 9}
SSBSN = {**APBSN, **ATTENTION, "mode": ("na",) * 6 + ("ss",) * 3}
NAMES = pytest.mark.parametrize("name", METHODS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nl2net", NL2NET),
        ("lfeb", LOCAL),
        ("nlfeb", NL2NET),
        ("pixel_mask", NL2NET),
        ("no_pd", {**NL2NET, "factor_train": 1, "factor_test": 1}),
        ("no_attention", {**NL2NET, "mode": ("na",) * 6}),
        ("apbsn", {**APBSN, "refinement": False}),
        ("ssbsn", {**SSBSN, "refinement": False}),
        ("pdbsnet", {**LOCAL, "epochs": 3000, "factor_train": 3, "factor_test": 3}),
        ("bocknet", {**WITHOUT_PD, "epochs": 3000, "blindspot": 15}),
        ("punnet", {**LOCAL, "epochs": 1500, "nch_ker": 128, "nblk": 4, "dilation": 2}),
        (
            "autoad",
            {
                **{"epochs": 1001, "learning_rate": 0.01, "weight_decay": 0, "seed": 1},
                **{"nch_ker": 128, "average_every": 0, **SCORED, "precision": "fp32"},
                **{"levels": 5, "reweight_every": 100, "tolerance": 1e-5, "patience": 50},
            },
        ),
        (
            "superad",
            {
                **{"epochs": 1000, "learning_rate": 1e-3, "weight_decay": 1e-4, "seed": 42},
                **{"nch_ker": 32, "average_every": 0, **SCORED, "precision": "fp32"},
                **{"search_window": 5, "segments": 100, "pixel_loss": "obpm"},
                **{"linear_weight": 1.0, "steepness": 1.0, "kept_share": 0.25},
            },
        ),
        (
            "directnet",
            {
                **{"epochs": 1000, "learning_rate": 1e-4, "weight_decay": 1e-5, "seed": 1},
                **{"average_every": 0, **SCORED, "lossm": "l1", "precision": "fp32"},
                **{"batch_size": 100, "input_scale": "stored", "nch_ker": 64},
                **{"inner_window": 3, "outer_window": 19, "norm_mode": "bnorm"},
                **{"init_weight_type": "normal", "init_gain": 0.02},
            },
        ),
        (
            "bs3lnet",
            {
                **{"epochs": 1000, "learning_rate": 1e-4, "weight_decay": 1e-5, "seed": 1},
                **{"average_every": 0, **SCORED, "lossm": "l1", "precision": "fp32"},
                **{"batch_size": 100, "input_scale": "stored", "nch_ker": 64, "nblk": 2},
                **{"patch": 19, "size_window": 5, "ratio": 0.9, "norm_mode": "bnorm"},
                **{"init_weight_type": "normal", "init_gain": 0.02},
            },
        ),
        ("median", SCORED),
        ("rx", {"ridge": 1e-6, **SCORED}),
        ("lrx", {"inner_window": 7, "outer_window": 21, "ridge": 1e-6, **SCORED}),
        ("crd", {"inner_window": 7, "outer_window": 15, "ridge": 1e-6, **SCORED}),
        (
            "aed",
            {
                **{"components": 3, "area": 25, "largest_part": 0.01},
                **{"spatial_sigma": 5, "range_sigma": 0.5, **SCORED},
            },
        ),
        ("rpca_rx", {"sparsity": 0, **SCORED}),
        (
            "pca_tlrsr",
            {"components": 6, "dictionary_sparsity": 0.06, "sparsity": 0.01, **SCORED},
        ),
        (
            "pta",
            {
                **{"rank": 10, "low_rank_weight": 1, "sparsity": 1, "smoothness": 1},
                **{"step": 0.01, **SCORED},
            },
        ),
        ("lsmad", {"rank": 28, "sparse_share": 0.0022, "seed": 1, **SCORED}),
        ("frfe", SCORED),
        ("msrfqft", {"sigma": 2.5, **SCORED}),
        ("kifd", {"components": 300, "trees": 1000, "subsample": 0.03, "seed": 1, **SCORED}),
        ("glrt2s", {"inner_window": 5, "outer_window": 0, **SCORED}),
        ("crd_tables", {"inner_window": 7, "outer_window": 15, "ridge": 1e-6, **SCORED}),
        ("lrx_tables", {"inner_window": 7, "outer_window": 21, **SCORED}),
        ("lrasr", {**DICTIONARY, "sparsity": 0.1, "coefficient_sparsity": 0.1, **SCORED}),
        (
            "gtvlrr",
            {**DICTIONARY, "sparsity": 0.5, "smoothness": 0.2, "graph_weight": 0.05, **SCORED},
        ),
    ],
)
def test_defaults_of_every_method(name: str, expected: dict[str, Any]) -> None:
    args, given = parse(["--method", name])
    assert method_options(args) == expected
    assert given == {"method": name}
    assert {*non_default(args)} - {"method"} == {*expand_shorthands(METHODS[name].fixed)}


def test_a_preset_changes_the_defaults_but_not_given_options() -> None:
    args, _ = parse(["--preset", "fast"])
    assert {**method_options(args), "save_freq": args.save_freq} == {
        **NL2NET,
        **PRESETS["fast"].defaults,
        "preset": "fast",
    }
    assert non_default(args) == {"preset": "fast"}
    args, _ = parse(["--preset", "FAST", "--epochs", "AUTO", "--weight_decay", "1e-5"])
    assert (args.epochs, args.weight_decay, args.learning_rate) == ("auto", 1e-5, 3e-3)
    changed = {"preset": "fast", "epochs": "auto", "weight_decay": 1e-5, "average_every": 50}
    assert non_default(args) == changed


@pytest.mark.parametrize(
    ("words", "factors"),
    [
        ([], (5, 2)),
        (["--factor", "3"], (3, 3)),
        (["--factor_train", "4"], (4, 2)),
        (["--factor", "3", "--factor_test", "1"], (3, 1)),
        (["--factor_test", "1", "--factor", "3"], (3, 1)),
    ],
)
def test_factor_is_both_factors_where_they_are_not_given_themselves(
    words: list[str], factors: tuple[int, int]
) -> None:
    args, given = parse(["--method", "apbsn", *words])
    assert (args.factor_train, args.factor_test) == factors
    assert len(given) == 1 + len(words) // 2
    assert not hasattr(args, "factor")


@pytest.mark.parametrize(
    ("depth", "mode"),
    [(1, ["ss"]), (2, ["na", "ss"]), (5, ["na"] * 4 + ["ss"]), (6, ["na"] * 4 + ["ss"] * 2)],
)
def test_the_last_third_of_ssbsn_attends(depth: int, mode: list[str]) -> None:
    args, _ = parse(["--method", "ssbsn", "--nblk", str(depth)])
    assert list(args.mode) == mode
    assert {*non_default(args)} - {"method"} <= {"nblk"}


@pytest.mark.parametrize(
    ("words", "value"), [([], True), (["true"], True), (["No"], False), (["0"], False)]
)
def test_refinement_is_a_switch(words: list[str], value: bool) -> None:
    args, _ = parse(["--method", "apbsn", "--refinement", *words])
    assert args.refinement is value
    with pytest.raises(InputError, match="'maybe' is neither true nor false"):
        parse(["--method", "apbsn", "--refinement", "maybe"])


def test_only_what_is_typed_is_given_even_where_it_is_the_default() -> None:
    _, given = parse(["--epochs", "100", "--mode", "na", "--dataset", "a", "b"])
    assert given == {"epochs": 100, "mode": ("na",), "dataset": ["a", "b"]}
    args, given = parse([])
    assert given == {} and (args.command, args.dataset) == ("predict", ["HSI-II"])


@pytest.mark.parametrize("words", [["na"], ["ss", "--nblk", "3"], ["na,ss", "--nblk", "2"]])
def test_one_word_of_mode_is_for_all_blocks(words: list[str]) -> None:
    args, _ = parse(["--mode", *words])
    kinds = tuple(words[0].split(","))
    assert args.mode == (kinds * args.nblk if len(kinds) == 1 else kinds)
    assert len(args.mode) == args.nblk


@pytest.mark.parametrize("words", [["na,ss"], ["na", "ss"], ["na, ss"], ["na ss"]])
def test_words_of_mode_in_any_way(words: list[str]) -> None:
    args, _ = parse(["--nblk", "2", "--mode", *words])
    assert args.mode == ("na", "ss")


@NAMES
def test_options_of_other_methods_do_not_apply(name: str) -> None:
    of_all = {option for method in METHODS.values() for option in method.options}
    for option in of_all - set(METHODS[name].options):
        with pytest.raises(InputError, match=f"--{option} does not apply to --method {name} "):
            complete({"method": name, option: FLAGS[option].type.accepted[0]})


def test_a_table_may_have_other_methods_and_reports_itself_what_does_not_apply() -> None:
    _, given = parse(["--command", "reproduce", "--method", "rx", "--epochs", "9"])
    assert given == {"command": "reproduce", "method": "rx", "epochs": 9}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("option", "value", "of_tables"),
    [
        *[("table", "ablation", True), ("workers", "2", True), ("cluster", "tcp://x:1", True)],
        *[("save_freq", "3", False), ("checkpoint_dir", "weights", False)],
    ],
)
def test_options_of_other_commands_do_not_apply(
    command: str, option: str, value: str, of_tables: bool
) -> None:
    words = ["--command", command, f"--{option}", value]
    others = (
        "info",
        "scenes",
        "blindspot",
        "compare",
        *(() if option == "checkpoint_dir" else ("runs",)),
    )
    if (command == "reproduce") == of_tables and command not in others:
        args, given = parse(words)
        assert str(given[option]) == str(getattr(args, option)) == value
        return
    with pytest.raises(InputError, match=f"^--{option} does not apply to --command {command}$"):
        parse(words)


def test_a_table_completes_the_options_of_its_methods_itself() -> None:
    """The number of blocks in its file is not known here."""
    words = ["--mode", "na,ss", "--ss_exp_factor", "0.001"]
    with pytest.raises(InputError, match="--mode names 2 blocks, but --nblk is 6"):
        parse(words)
    args, given = parse(["--command", "reproduce", *words])
    assert given["mode"] == args.mode == ("na", "ss") and given["ss_exp_factor"] == 0.001
    assert "mode" not in parse(["--command", "reproduce", "--nblk", "3"])[0]


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("no_pd", ["--factor", "2"], "--method no_pd has --factor 1 and no other"),
        ("no_attention", ["--mode", "ss"], "--method no_attention has --mode na and no other"),
    ],
)
def test_what_is_fixed_cannot_be_another(name: str, words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(["--method", name, *words])
    fixed = {option: to_argument(value) for option, value in METHODS[name].fixed.items()}
    same, _ = parse(["--method", name, *[f"--{option}={text}" for option, text in fixed.items()]])
    assert same == parse(["--method", name])[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--epochs auto --average_every 0", "--epochs auto averages maps: --average_every has to"),
        ("--epochs 5 --average_every 6", "--average_every 6 is more than --epochs 5: no map would"),
        ("--method rx --score deviation", "--score deviation needs .*, and --method rx has none"),
        *(
            (f"--tile 8 --score {score}", f"--score {score} compares .* --tile .*: --score paper")
            for score in ("deviation", "combined")
        ),
    ],
)
def test_scores_and_averages_need_their_material(words: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(words.split())


def test_options_that_are_not_at_their_defaults() -> None:
    args, _ = parse(["--method", "autoad", "--epochs", "1001", "--nch_ker", "64", "--seed", "3"])
    off = {name: value for name, value in non_default(args).items() if name != "method"}
    assert off == {"nch_ker": 64, "seed": 3}
    args, _ = parse(["--nblk", "2", "--mode", "ss", "--learning_rate", "1e-4"])
    assert non_default(args) == {"nblk": 2}  # which has these blocks
    args, _ = parse(["--nblk", "2", "--mode", "na", "ss"])
    assert non_default(args) == {"nblk": 2, "mode": ("na", "ss")}


RATE = st.floats(0, 1e30)
WHOLE = st.integers(1, 10**9)
BLOCKS = st.lists(st.sampled_from(["na", "ss"]), min_size=1, max_size=9).map(tuple)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "epochs": WHOLE | st.just("auto"),
    **{name: WHOLE for name in ("factor_train", "factor_test", "f_scale", "dilation")},
    **{"refinement": st.booleans(), "blindspot": st.integers(1, 10**4)},
    **{"precision": st.sampled_from(PRECISIONS), "preset": st.sampled_from(sorted(PRESETS))},
    **{"learning_rate": RATE, "weight_decay": RATE, "seed": st.integers(0, 2**32 - 1)},
    **{"lossm": st.sampled_from(["l1", "l2"]), "nch_ker": st.integers(2, 2**16)},
    "ss_exp_factor": st.floats(0.5, 100),
    **{name: st.integers(1, 10**4) for name in ("inner_window", "outer_window")},
    "ridge": st.floats(1e-14, 1e6, exclude_min=True),
    **{"components": st.integers(1, 10**4), "rank": st.integers(0, 10**4)},
    **{name: st.floats(0, 1e4) for name in ("sparsity", "dictionary_sparsity")},
    **{name: st.floats(0, 1e4) for name in ("low_rank_weight", "smoothness")},
    **{"step": st.floats(1e-8, 1e4, exclude_min=True), "sparse_share": st.floats(0, 1)},
    "sigma": st.floats(1e-3, 1e6, exclude_min=True),
    "trees": st.integers(1, 10**6),
    "subsample": st.floats(0, 1, exclude_min=True),
}


@st.composite
def settings_of_methods(draw: st.DrawFn) -> dict[str, Any]:
    """A method with some of its options, as they are read."""
    name = draw(st.sampled_from([name for name in METHODS if METHODS[name].variant_of is None]))
    options = METHODS[name].options
    values: dict[str, Any] = {"method": name}
    values |= {option: draw(VALUES[option]) for option in options if option in VALUES}
    if "nblk" in options:
        values["nblk"] = draw(st.integers(1, 9))
    if "mode" in options:
        values["mode"] = draw(BLOCKS)
        values["nblk"] = len(values["mode"])
    chosen = draw(st.sets(st.sampled_from(options))) if options else set()
    if {"nblk", "mode"} & chosen:
        chosen |= {"nblk", "mode"} & set(options)
    return {key: value for key, value in values.items() if key in {*chosen, "method"}}


@settings(deadline=None)
@given(settings_of_methods())
def test_a_formatted_command_line_is_parsed_to_the_same_options(
    given_options: dict[str, Any],
) -> None:
    python, program, *words = shlex.split(command_line(given_options))
    assert (python, program) == ("python", "main.py")
    args, given = parse(words)
    assert given == given_options
    assert {name: getattr(args, name) for name in given_options} == given_options
    name, options = resolve(given_options)
    assert name == given_options["method"] and set(options) == set(METHODS[name].options)
    assert (
        options.items()
        >= {key: given_options[key] for key in given_options if key != "method"}.items()
    )
    everything = command_line({"method": name, **options})  # complete, it comes to the same
    assert resolve(parse(shlex.split(everything)[2:])[1]) == (name, options)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1)))
def test_names_of_scenes_survive_a_shell(names: list[str]) -> None:
    scenes = [f"s{name}" for name in names] or ["a b's"]
    args, _ = parse(shlex.split(command_line({"dataset": scenes, "seed": 3}))[2:])
    assert args.dataset == scenes and args.seed == 3


def test_settings_are_refused_as_arguments_are() -> None:
    for wanted, message in (
        ({"method": "rx", "epochs": 3}, "--epochs does not apply to --method rx"),
        ({"method": "lfeb", "epochs": 0}, "--epochs: 0 is not a whole number"),
        ({"method": "nl2net", "mode": ["na", "na"]}, "--mode names 2 blocks, but --nblk is 6"),
        ({"method": "nl2net", "learning_rate": -0.5}, "--learning_rate: '-0.5' is not a number"),
    ):
        with pytest.raises(InputError, match=message):
            resolve(wanted)


@NAMES
def test_formatted_options_are_those_that_the_method_uses(name: str) -> None:
    args, _ = parse(["--command", "run", "--method", name])
    lines = dict(line.split(": ", 1) for line in format_options(args).splitlines())
    options = method_options(args)
    assert {option: lines[option] for option in options} == {
        option: to_argument(value) for option, value in options.items()
    }
    of_all = {option for method in METHODS.values() for option in method.options}
    assert not (of_all - set(options)) & set(lines)
    assert not {"table", "workers", "cluster"} & set(lines)
    assert {"command", "dataset", "method", "gpu_ids", "data_dir", "result_dir"} <= set(lines)


def test_help_names_every_option_and_every_method_with_the_defaults() -> None:
    text = " ".join(build_parser().format_help().split())
    for name in METHODS:
        assert f"{name}: " in text
    for option in VALUES.keys() | {"mode", "nblk", "table", "workers", "cluster", "eval_freq"}:
        assert f"--{option} " in text
    assert "(default: 0.0001)" in text and "(default: comparison)" in text


HEAVY = ("torch", "numpy", "scipy", "matplotlib", "sklearn", "joblib", "tomllib")
PROBE = f"""
import json, sys
sys.path.insert(0, sys.argv.pop(1))
import main
try:
    main.main(sys.argv[1:])
finally:
    print(json.dumps([name for name in {HEAVY} if name in sys.modules]))
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["--epochs", "0"], ["--method", "knn"]], ids=str
)
def test_help_version_and_refusals_import_nothing_heavy(words: list[str]) -> None:
    folder = str(Path(main.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, folder, *words], capture_output=True, text=True
    )
    assert done.returncode == (0 if words in (["--help"], ["--version"]) else 2)
    assert json.loads(done.stdout.splitlines()[-1]) == []
    assert done.stdout.startswith("usage: main.py") == (words == ["--help"])


@pytest.mark.parametrize("value", ["-1", "-9999", "-3.4e38", "-.5"])
def test_values_may_be_negative(value: str) -> None:
    args, _ = parse(["--nodata", value, "--gpu_ids", "-1", "--bands", "-9,12-"])
    assert (args.nodata, args.gpu_ids, args.bands) == (float(value), (-1,), "-9,12-")


@pytest.mark.parametrize("name", ["method", "gpu_ids"])
def test_two_hyphens_are_no_value(name: str) -> None:
    with pytest.raises(InputError, match=f"argument --{name}: '--' is no value"):
        parse([f"--{name}=--"])


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("", "epoch_100 learning_rate_0.0001 factor_2 gpu_ids_0"),
        (
            "--epochs auto --gpu_ids 0,1",
            "epoch_auto learning_rate_0.0001 factor_2 gpu_ids_0_1 average_every_50",
        ),
        (
            "--score combined --largest_object 9",
            "epoch_100 learning_rate_0.0001 factor_2 gpu_ids_0",
        ),
        (
            "--score combined --average_every 7",
            "epoch_100 learning_rate_0.0001 factor_2 gpu_ids_0 average_every_7 score_combined",
        ),
        (
            "--preset fast --average_every 7",
            "epoch_180 learning_rate_0.003 factor_2 gpu_ids_0 preset_fast average_every_7",
        ),
        ("--factor_test 4", "epoch_100 learning_rate_0.0001 factor_2 gpu_ids_0"),
        (
            "--tile 64 --bands 1-9 --mode ss --seed 2 --weight_decay 0 --map gt.png",
            "epoch_100 learning_rate_0.0001 factor_2 gpu_ids_0 seed_2 mode_ss-ss-ss-ss-ss-ss "
            "weight_decay_0.0 bands_1-9 tile_64",
        ),
        ("--method autoad", "epoch_1001 learning_rate_0.01 gpu_ids_0"),
        (
            "--method directnet",
            "batch_size_100 epoch_1000 learning_rate_0.0001 win_in_3 win_out_19 gpu_ids_0",
        ),
        (
            "--method bs3lnet --ratio 0.8 --nblk 3",
            "batch_size_100 epoch_1000 learning_rate_0.0001 gpu_ids_0 nblk_3 ratio_0.8",
        ),
        ("--method gthad", "batch_size_64 epoch_150 learning_rate_0.001 gpu_ids_0"),
        ("--method apbsn --refinement", "epoch_3000 learning_rate_0.0001 factor_5 gpu_ids_0"),
        ("--preset fast", "epoch_180 learning_rate_0.003 factor_2 gpu_ids_0 preset_fast"),
        ("--data_key a/b", "epoch_100 learning_rate_0.0001 factor_2 gpu_ids_0 data_key_a+b"),
    ],
)
def test_options_that_name_a_run(words: str, name: str) -> None:
    args, _ = parse(words.split())
    assert [f"{label}_{text}" for label, text in run_name_options(args).items()] == name.split()


def test_several_values_of_an_option_are_for_a_table_alone() -> None:
    words = ["--method", "rx", "nl2net", "--factor", "1", "2", "--seed", "3", "--refinement"]
    args, given = parse(["--command", "reproduce", *words])
    assert given["method"] == ["rx", "nl2net"] and given["factor"] == [1, 2]
    assert (given["seed"], given["refinement"]) == (3, True)
    assert (args.method, args.factor_train, args.seed) == ("nl2net", 2, 3)
    for command in ("train", "predict", "run", "blindspot"):
        with pytest.raises(InputError) as error:
            parse(["--command", command, "--factor", "1", "2"])
        assert str(error.value) == (
            f"--factor 1 2: --command {command} takes one value; "
            f"--command reproduce compares several"
        )


def test_a_value_that_is_given_twice_is_named() -> None:
    with pytest.raises(InputError, match=r"^--ridge names 0\.1 twice$"):
        parse(["--command", "reproduce", "--method", "rx", "--ridge", "0.1", "1", "1e-1"])


def test_words_of_one_value_are_not_several_values() -> None:
    _, given = parse(["--command", "reproduce", "--mode", "na", "ss", "--gpu_ids", "0,1"])
    assert given == {"command": "reproduce", "mode": ("na", "ss"), "gpu_ids": (0, 1)}


def test_a_switch_stands_alone_in_a_command() -> None:
    given = {"command": "run", "json": True, "refinement": True, "method": "apbsn"}
    command = command_line(given)
    assert "--json --refinement --method" in command
    assert parse(shlex.split(command)[2:])[1] == given
