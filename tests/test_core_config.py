"""Configuration: what is not known is refused, and errors name file and key."""

from pathlib import Path

import msgspec
import pytest

from core import config
from core.errors import BadInput


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    size: int = 3


def test_a_file_becomes_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('name = "nhịp"\nsize = 5\n', encoding="utf-8")
    assert config.load(path, Shape) == Shape("nhịp", 5)


@pytest.mark.parametrize("text", ['nane = "x"', 'name = "x"\nsizes = 1', "name = 5", "name = ", '"'])
def test_what_does_not_fit_is_refused_with_the_file_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"a\.toml"):
        config.load(path, Shape)


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        config.load(tmp_path / "none.toml", Shape)
