"""The registry of methods: names, options, builders, and that it is cheap to import."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from model.methods import METHODS
from model.methods.method import BY_PRESET
from model.methods.presets import PRESETS
from options.flags import FLAGS
from options.parse import expand_shorthands, method_options, parse

ROOT = Path(__file__).parents[2]
NAMES = pytest.mark.parametrize("name", METHODS)


def is_defined(dotted: str) -> bool:
    """Find a dotted name, "module:name", in the source of its module."""
    module, _, name = dotted.partition(":")
    source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
    defined = (ast.ClassDef, ast.FunctionDef)
    return name in {node.name for node in ast.parse(source).body if isinstance(node, defined)}


def test_titles_differ_even_without_case() -> None:
    titles = [method.title.lower() for method in METHODS.values() if method.variant_of is None]
    assert len(set(titles)) == len(titles)


@NAMES
def test_titles_make_file_names_and_names_arguments(name: str) -> None:
    method = METHODS[name]
    others = "" if method.trained else " ()"  # without runs and weights that are named by it
    assert re.fullmatch(rf"[A-Za-z0-9][A-Za-z0-9{others}-]*", method.title)
    assert re.fullmatch(r"[a-z0-9_]+", name)


@NAMES
def test_defaults_and_fixed_options_are_options_of_the_method(name: str) -> None:
    method = METHODS[name]
    assert set(method.defaults) <= set(method.options)
    assert all(method.has(option) for option in method.fixed)
    assert len(set(method.options)) == len(method.options)
    # `auto` needs the epochs of the method; all other defaults of flags are stated there alone
    assert all(
        FLAGS[name].default != value for name, value in method.defaults.items() if name != "epochs"
    )


@NAMES
def test_dotted_names_are_those_of_classes_and_functions(name: str) -> None:
    method = METHODS[name]
    own_trainer = method.trainer if method.trainer != BY_PRESET else None
    assert all(
        map(
            is_defined,
            filter(None, (method.builder, method.fit, method.settings, method.memory, own_trainer)),
        )
    )


def test_presets_name_trainers_and_change_options() -> None:
    for preset in PRESETS.values():
        assert is_defined(preset.trainer)
        assert preset.defaults.keys() <= {*METHODS["nl2net"].options, "save_freq"}


@NAMES
def test_papers_and_texts_are_single_lines(name: str) -> None:
    method = METHODS[name]
    assert re.search(r"\b(19|20)\d\d\b", method.paper)
    for text in (method.about, method.paper, method.blind_to):
        assert text == text.strip() and "\n" not in text and text[-1] not in ".;"


@NAMES
def test_the_command_line_takes_every_method_with_its_defaults(name: str) -> None:
    method = METHODS[name]
    args, _ = parse(["--method", name])
    assert args.method == (method.variant_of or name)
    options = method_options(args)
    assert set(options) == set(method.options)
    for option, value in {**method.defaults, **expand_shorthands(method.fixed)}.items():
        # one word of --mode is for all blocks
        assert options[option] == (value if option != "mode" else ("na",) * args.nblk)


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].variant_of])
def test_a_variant_differs_from_its_method_in_fixed_options_alone(name: str) -> None:
    variant = METHODS[name]
    method = METHODS[variant.variant_of or ""]
    assert method.variant_of is None and variant.fixed
    apart = {"about", "variant_of", "fixed"}
    own, other = ({k: v for k, v in vars(m).items() if k not in apart} for m in (variant, method))
    assert own == other


def test_the_registry_imports_no_torch() -> None:
    code = "import sys, model.methods; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
