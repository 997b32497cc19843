"""Values of settings, from a file or the environment into the dataclass of their section. Knows no section by name."""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from cws_filedrop.errors import ConfigError


def read(path: Path) -> dict[str, dict[str, Any]]:
    """The sections of a TOML file. Raises: ConfigError naming the file."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def merged(part: Any, values: Mapping[str, Any], *, source: str) -> Any:
    """The section with some of its values changed; `source` names it in what is raised. Raises: ConfigError."""
    kinds = typing.get_type_hints(type(part))
    allowed = {item.name: item.metadata.get("one_of", ()) for item in fields(part)}
    faults = {item.name: item.metadata["fault"] for item in fields(part) if "fault" in item.metadata}
    changed = {}
    for key, value in values.items():
        if key not in kinds:
            raise ConfigError(f"{source} {key} is not a setting{nearest(key, set(kinds))}")
        changed[key] = _convert(value, kinds[key], source=f"{source} {key}")
        if allowed[key] and changed[key] not in allowed[key]:
            raise ConfigError(f"{source} {key}: {value!r} is none of {', '.join(allowed[key])}")
        if key in faults and (fault := faults[key](changed[key])):
            raise ConfigError(f"{source} {key}: {fault}")
    return replace(part, **changed)


def _convert(value: Any, kind: Any, *, source: str) -> Any:
    if kind is bool:  # bool("false") is true, so words are needed; and from the environment all values are text
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        raise ConfigError(f"{source}: {value!r} is neither true nor false")
    if isinstance(value, bool | list | dict):  # int(True) is 1, and str([]) a text: neither is what was meant
        raise ConfigError(f"{source}: {value!r} is not {_kind_name(kind)}")
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{source}: {value!r} is not {_kind_name(kind)}") from error


def _kind_name(kind: Any) -> str:
    names: dict[Any, str] = {int: "a whole number", float: "a number", str: "text", Path: "a path"}
    return names.get(kind, str(kind)) if not isinstance(kind, types.UnionType) else str(kind)


def nearest(word: str, known: set[str]) -> str:
    """The end of a sentence that names what was probably meant."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"
