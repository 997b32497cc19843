"""Settings: a TOML file, overridden by the environment; every key has a default, an unknown key is an error.

`CWS_FILEDROP_FTP__PORT=2100` overrides `port` in `[ftp]`. Secrets are given by reference (`env:NAME` or `file:PATH`),
so that the file can be shown to anyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from cws_filedrop.errors import ConfigError
from cws_filedrop.setting_values import merged, nearest, read
from cws_filedrop.settings import Settings

# A variable without "__" is no setting: CWS_FILEDROP_CONFIG names the file and is read by the command line.
ENVIRONMENT_PREFIX: Final = "CWS_FILEDROP_"


def load(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Settings from an optional file and the environment.

    Raises: ConfigError naming the file (or variable) and the key.
    """
    sections: dict[str, dict[str, Any]] = {}
    if path is not None:
        sections = read(path)
    settings = _merge(Settings(), sections, source=str(path))
    for name, value in environment.items():
        if name.startswith(ENVIRONMENT_PREFIX) and "__" in name:
            section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
            settings = _merge(settings, {section: {key: value}}, source=f"environment variable {name}")
    return settings


def environment(settings: Settings) -> dict[str, str]:
    """Settings as environment variables, to hand them to a child process."""
    return {
        f"{ENVIRONMENT_PREFIX}{section.name}__{item.name}".upper(): str(
            getattr(getattr(settings, section.name), item.name)
        )
        for section in fields(Settings)
        for item in fields(getattr(settings, section.name))
    }


def secret(reference: str, environment: Mapping[str, str], *, key: str) -> str:
    """The secret that `env:NAME` or `file:PATH` points to ("" stays "").

    Raises: ConfigError when it points nowhere or is not a reference.
    """
    kind, _, where = reference.partition(":")
    match kind:
        case "":
            return ""
        case "env" if where in environment:
            return environment[where]
        case "file" if Path(where).is_file():
            return Path(where).read_text().strip()
        case "env" | "file":
            raise ConfigError(f"{key}: {reference} does not exist")
        case _:
            raise ConfigError(f"{key}: write env:NAME or file:PATH, never the secret itself")


def example() -> str:
    """A commented settings file with every key at its default, as `cws-filedrop init` writes it."""
    lines = ["# Settings of cws_filedrop. A line that starts with # shows the default.", ""]
    for section in fields(Settings):
        part = getattr(Settings(), section.name)
        lines += [f"# {(type(part).__doc__ or '').strip()}", f"[{section.name}]"]
        lines += [
            f"# {item.metadata['doc']}\n# {item.name} = {_toml(getattr(part, item.name))}" for item in fields(part)
        ]
        lines.append("")
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def _merge(settings: Settings, sections: Mapping[str, Any], *, source: str) -> Settings:
    known = {item.name for item in fields(Settings)}
    for section, values in sections.items():
        if section not in known or not isinstance(values, Mapping):
            raise ConfigError(f"{source}: [{section}] is not a section{nearest(section, known)}")
        part = getattr(settings, section)
        settings = replace(settings, **{section: merged(part, values, source=f"{source}: [{section}]")})
    return settings
