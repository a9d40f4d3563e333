"""Methods without training that do not fit into memory are refused before they start."""

import pytest

from detection import untrained_memory
from detection.untrained_memory import check_untrained_memory
from model.imports import import_named
from model.methods import METHODS
from options.parse import resolve
from utils.errors import InputError

LARGE = [name for name, method in METHODS.items() if method.memory]


@pytest.mark.parametrize("method", LARGE)
def test_what_does_not_fit_is_refused(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, options = resolve({"method": method})
    monkeypatch.setattr(untrained_memory, "available_memory", lambda: 2**40)
    check_untrained_memory(method, (400, 400, 200), options)
    monkeypatch.setattr(untrained_memory, "available_memory", lambda: 2**29)
    with pytest.raises(
        InputError, match=rf"--method {method} on 400×400×200 needs about .* 0.5 GiB"
    ):
        check_untrained_memory(method, (400, 400, 200), options)
    monkeypatch.setattr(untrained_memory, "available_memory", lambda: None)
    check_untrained_memory(method, (400, 400, 200), options)


def test_the_methods_without_an_estimate_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "rx" not in LARGE
    monkeypatch.setattr(untrained_memory, "available_memory", lambda: 0)
    check_untrained_memory("rx", (400, 400, 200), resolve({"method": "rx"})[1])


def test_estimates_grow_with_the_scene() -> None:
    for method in LARGE:
        memory, options = import_named(str(METHODS[method].memory)), resolve({"method": method})[1]
        assert memory((200, 300, 90), **options) > memory((100, 150, 90), **options) > 0
