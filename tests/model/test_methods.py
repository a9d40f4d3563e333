"""The list of methods: names, options, and that it costs nothing to read."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from model.methods import METHODS
from options.parse import expand_shorthands, method_options, parse

NAMES = pytest.mark.parametrize("name", METHODS)


def test_titles_can_be_told_apart_even_where_case_does_not_count() -> None:
    titles = [method.title.lower() for method in METHODS.values() if method.same_as is None]
    assert len(set(titles)) == len(titles)


@NAMES
def test_titles_make_good_file_names_and_names_good_words(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", METHODS[name].title)
    assert re.fullmatch(r"[a-z0-9_]+", name)


@NAMES
def test_defaults_and_what_is_fixed_are_options_of_the_method(name: str) -> None:
    method = METHODS[name]
    assert set(method.defaults) <= set(method.options)
    assert all(method.has(option) for option in method.fixed)
    assert len(set(method.options)) == len(method.options)


@NAMES
def test_the_command_line_takes_every_method_with_its_defaults(name: str) -> None:
    method = METHODS[name]
    args, _ = parse(["--method", name])
    assert args.method == (method.same_as or name)
    options = method_options(args)
    assert set(options) == set(method.options)
    for option, value in {**method.defaults, **expand_shorthands(method.fixed)}.items():
        # one word of --mode is for all blocks
        assert options[option] == (value if option != "mode" else ("na",) * args.nblk)


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].same_as])
def test_a_method_that_is_another_has_what_that_one_has(name: str) -> None:
    method = METHODS[name]
    other = METHODS[method.same_as or ""]
    assert other.same_as is None and method.fixed
    assert (method.title, method.options, method.trained) == (
        other.title,
        other.options,
        other.trained,
    )
    assert method.defaults == other.defaults


def test_listing_the_methods_imports_no_torch() -> None:
    code = "import sys, model.methods; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
