"""The records of the flags, each checked by what it says of itself."""

import shlex
from argparse import ArgumentTypeError
from importlib.util import find_spec

import pytest

from model.methods import METHODS
from options.flag import COMMANDS, NO_DEFAULT, Flag, Group
from options.flags import DEFAULTS, FLAGS, GROUPS
from options.parse import parse, resolve
from options.parser import build_parser
from options.text import to_argument
from utils.errors import InputError

EVERY = pytest.mark.parametrize("flag", FLAGS.values(), ids=FLAGS)
OF_METHODS = {option for method in METHODS.values() for option in method.options}


def parsed(flag: Flag, text: str) -> object:
    """Return the value of an option that is given alone, whatever command takes it."""
    value = getattr(build_parser().parse_args([f"--{flag.name}={text}"]), flag.name)
    return value[0] if isinstance(value, list) else value


@EVERY
def test_every_flag_accepts_its_range_as_text_and_as_a_value(flag: Flag) -> None:
    assert flag.type.accepted
    for value in flag.type.accepted:
        converted = flag.check(value)
        assert flag.check(converted) == converted
        if not flag.switch and isinstance(value, str):
            assert parsed(flag, value) == converted


@EVERY
def test_every_flag_refuses_what_is_out_of_its_range(flag: Flag) -> None:
    assert flag.type.refused
    for value in flag.type.refused:
        with pytest.raises(InputError, match=f"^argument --{flag.name}: ") as error:
            flag.check(value)
        assert "\n" not in str(error.value) and len(str(error.value)) > len(flag.name) + 20
        if not flag.switch and isinstance(value, str):
            with pytest.raises(InputError, match=f"^argument --{flag.name}: "):
                parsed(flag, value)


@EVERY
def test_every_default_is_in_the_range_and_in_the_help(flag: Flag) -> None:
    assert not flag.help.endswith(".") and flag.help
    if flag.default in (None, NO_DEFAULT):
        assert flag.full_help == flag.help
        return
    assert flag.check(flag.default) == flag.default
    assert f"(default: {to_argument(flag.default)})" in flag.full_help
    assert flag.switch or parsed(flag, to_argument(flag.default)) == flag.default


@EVERY
def test_every_flag_acts_in_a_module_and_in_a_command(flag: Flag) -> None:
    assert find_spec(flag.acts_in) is not None
    assert flag.commands and set(flag.commands) <= set(COMMANDS)


@EVERY
def test_commands_refuse_the_flags_that_they_do_not_take(flag: Flag) -> None:
    value = [] if flag.switch else [str(flag.type.accepted[0])]
    for command in {*COMMANDS} - {*flag.commands}:
        message = f"--{flag.name} does not apply to --command {command}"
        with pytest.raises(InputError, match=f"^{message}$"):
            parse(["--command", command, f"--{flag.name}", *value])


def test_places_in_the_names_of_runs_are_unique_and_as_they_were() -> None:
    places = {flag.names_run.position: flag.name for flag in FLAGS.values() if flag.names_run}
    assert len(places) == sum(flag.names_run is not None for flag in FLAGS.values())
    old = """epochs learning_rate factor_train gpu_ids seed nch_ker nblk mode f_scale ss_exp_factor
        lossm weight_decay blindspot data_key axes bands nan nodata preset precision tile"""
    assert [places[position] for position in range(1, 22)] == old.split()  # old runs have these


def test_groups_are_those_of_the_help_in_its_order() -> None:
    assert [group[0].group for group in GROUPS] == [*Group]
    assert all(flag.group is group[0].group for group in GROUPS for flag in group)
    assert len(FLAGS) == sum(map(len, GROUPS))  # no name twice


def test_every_option_of_a_method_is_a_flag() -> None:
    assert set(FLAGS) >= OF_METHODS
    for method in METHODS.values():
        for option, value in {**method.defaults, **method.fixed}.items():
            assert FLAGS[option].check(value) == value


def test_settings_of_unknown_options_are_refused() -> None:
    with pytest.raises(InputError, match="^unrecognized option: speed; did you mean seed\\?$"):
        resolve({"method": "rx", "speed": 9})


def test_a_type_raises_what_argparse_reports() -> None:
    with pytest.raises(ArgumentTypeError):
        FLAGS["epochs"].type("0")
    with pytest.raises(InputError, match=r"--epochs: 0 is not a whole number from 1 to 1,000"):
        parse(shlex.split("--epochs 0"))
    assert DEFAULTS["epochs"] == FLAGS["epochs"].default == 100
