"""Templates of pages, which share styles."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

FOLDER = Path(__file__).parent / "template"


@cache  # a page has many parts, which are compiled once
def page_template(name: str, *folders: Path) -> Template:
    """Load a template from a folder, or that of the report: values are text, never HTML."""
    environment = Environment(
        loader=FileSystemLoader([*folders, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
