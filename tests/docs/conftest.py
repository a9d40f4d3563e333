"""Register the marker of the slow tests, for a configuration that lacks it."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Declare `slow`."""
    config.addinivalue_line("markers", "slow: takes long; runs with -m slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip slow commands unless -m selects among the tests."""
    if config.option.markexpr:
        return
    skip = pytest.mark.skip(reason="slow: runs with -m slow")
    for item in items:
        if item.get_closest_marker("slow") and "tests/docs/" in item.nodeid:
            item.add_marker(skip)
