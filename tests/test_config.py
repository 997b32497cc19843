from __future__ import annotations

from pathlib import Path

import pytest

from cws_filedrop import config
from cws_filedrop.errors import ConfigError


def test_the_file_is_overridden_by_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[ftp]\nport = 2100\nhost = "0.0.0.0"\n')
    settings = config.load(path, {"CWS_FILEDROP_FTP__PORT": "2200", "PATH": "/bin"})
    assert (settings.ftp.port, settings.ftp.host) == (2200, "0.0.0.0")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ftp]\nprot = 1\n", ["settings.toml", "[ftp] prot", "did you mean port?"]),
        ("[fpt]\nport = 1\n", ["[fpt] is not a section", "did you mean ftp?"]),
        ('[ftp]\nport = "many"\n', ["[ftp] port", "'many' is not a whole number"]),
        ("[ftp]\nenabled = 3\n", ["[ftp] enabled", "neither true nor false"]),
        ("[ftp]\nport = [1]\n", ["[ftp] port", "is not a whole number"]),
        ("[ftp\n", ["settings.toml: not valid TOML"]),
        ("ftp = 1\n", ["[ftp] is not a section"]),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(path, {})
    for word in words:
        assert word in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read: No such file"):
        config.load(tmp_path / "nowhere.toml", {})


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="environment variable CWS_FILEDROP_FTP__PROT"):
        config.load(None, {"CWS_FILEDROP_FTP__PROT": "1"})


def test_the_example_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(config.example().replace("\n# ", "\n").replace("# Settings of", "#"))
    lines = [line for line in config.example().splitlines() if " = " in line or line.startswith("[")]
    path.write_text("\n".join(line.removeprefix("# ") for line in lines))
    assert config.load(path, {}) == config.Settings()


def test_settings_survive_the_way_through_the_environment() -> None:
    settings = config.load(None, {"CWS_FILEDROP_FTP__PORT": "2200", "CWS_FILEDROP_SERVICE__DATA_DIR": "/tmp/x y"})
    assert config.load(None, config.environment(settings)) == settings


def test_secrets_are_given_by_reference(tmp_path: Path) -> None:
    kept = tmp_path / "token"
    kept.write_text("s3cret\n")
    assert config.secret(f"file:{kept}", {}, key="k") == "s3cret"
    assert config.secret("env:TOKEN", {"TOKEN": "t"}, key="k") == "t"
    assert config.secret("", {}, key="k") == ""
    for wrong in ("env:NONE", f"file:{kept}x", "s3cret"):
        with pytest.raises(ConfigError, match=r"^k: ") as caught:
            config.secret(wrong, {}, key="k")
        if wrong == "s3cret":
            assert "s3cret" not in str(caught.value)
