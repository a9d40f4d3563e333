"""The options of methods as parameters of a function, for scikit-learn and for `help()`."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import Parameter, Signature, signature
from textwrap import fill
from typing import Any, TypeVar

from options.applicable import method_option_names
from options.flag import Flag
from options.flags import FLAGS
from utils.errors import InputError
from utils.text import did_you_mean

# options whose names scikit-learn gives to methods of estimators
RENAMED = {"score": "pixel_score"}
Class = TypeVar("Class", bound=type[Any])


def method_parameters() -> list[Parameter]:
    """Make a keyword parameter of every option that some method has, None by default."""
    return [
        Parameter(
            RENAMED.get(flag.name, flag.name),
            Parameter.KEYWORD_ONLY,
            default=None,
            annotation=flag.type.annotation | None,
        )
        for flag in method_flags()
    ]


def method_flags() -> list[Flag]:
    """List the flags of the options that some method has."""
    names = method_option_names()
    return [flag for flag in FLAGS.values() if flag.name in names]


def with_method_parameters(cls: Class) -> Class:
    """Replace the `**options` of a class by the options of methods, and describe them.

    scikit-learn takes the parameters of an estimator from the signature of `__init__`.
    """
    declared = list(signature(cls.__init__).parameters.values())
    own = [parameter for parameter in declared if parameter.kind is not Parameter.VAR_KEYWORD]
    positional = [parameter for parameter in own if parameter.kind is not Parameter.KEYWORD_ONLY]
    keywords = [parameter for parameter in own if parameter.kind is Parameter.KEYWORD_ONLY]
    complete = Signature([*positional, *method_parameters(), *keywords])
    setattr(cls.__init__, "__signature__", complete)  # noqa: B010 (mypy knows no such attribute)
    cls.__doc__ = f"{cls.__doc__}\n    Options of methods:\n\n{describe_parameters()}\n"
    return cls


def describe_parameters() -> str:
    """Describe the options of methods: one entry per parameter, with its range."""
    indent = " " * 8
    entries = (
        f"    {RENAMED.get(flag.name, flag.name)}\n"
        + fill(
            f"{flag.help}; {flag.type.expected}",
            width=96,
            initial_indent=indent,
            subsequent_indent=indent,
        )
        for flag in method_flags()
    )
    return "\n".join(entries)


def parameter_names() -> dict[str, str]:
    """Map the name of every parameter to that of its option."""
    return {RENAMED.get(option, option): option for option in method_option_names()}


@contextmanager
def speaking_of_parameters() -> Iterator[None]:
    """Make an InputError speak of parameters where it speaks of options of the command line."""
    try:
        yield
    except InputError as error:
        raise InputError(parameter_message(str(error))) from error


def parameter_message(message: str) -> str:
    """Replace options of the command line in a message by the names of their parameters.

    >>> parameter_message("argument --score: 'x' is not one of paper; --method rx has none")
    "pixel_score: 'x' is not one of paper; method rx has none"
    """
    plain = re.sub(r"\bargument --", "--", message)
    return re.sub(r"--(\w+)", lambda option: RENAMED.get(option[1], option[1]), plain)


def check_parameters(options: Mapping[str, object]) -> None:
    """Raise TypeError, as Python does, for a keyword that is no option of any method."""
    for name in options:
        if name not in parameter_names():
            hint = did_you_mean(name, parameter_names(), before="; ")
            raise TypeError(f"unexpected keyword argument '{name}'{hint}")
