"""The settings file: what a line says, who wins, what is shown of it and what is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from polypost.cli import settings_file
from polypost.cli.options import loaded, settings_of
from polypost.cli.settings_file import FILE, HIDDEN, lay, origins, shown, write
from polypost.errors import NotConfigured
from polypost.settings import Settings


def file_of(folder: Path, *lines: str) -> Path:
    (folder / FILE).write_text("\n".join(lines) + "\n")
    return folder / FILE


def test_option_environment_file_default(tmp_path: Path) -> None:
    file_of(tmp_path, "POLYPOST_PORT=1001", "POLYPOST_HOST=127.0.0.9", "POLYPOST_WORKERS=7")
    os.environ["POLYPOST_HOST"] = "127.0.0.8"
    settings = settings_of(tmp_path, port=1002)
    assert (settings.port, settings.host, settings.workers, settings.attempts) == (1002, "127.0.0.8", 7, 5)


def test_networks_settings_and_names_of_others_come_from_the_file_too(tmp_path: Path) -> None:
    file_of(tmp_path, "POLYPOST_TWITTER_CLIENT_ID=app", "OTEL_SERVICE_NAME=posts")
    settings = settings_of(tmp_path)
    assert settings.platform("twitter", "CLIENT_ID") == "app"
    assert os.environ["OTEL_SERVICE_NAME"] == "posts"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("POLYPOST_AI_KEY=a#b $c \\d ", "a#b $c \\d"),
        ("POLYPOST_AI_KEY = 'a b '", "a b "),
        ('POLYPOST_AI_KEY="it\'s"', "it's"),
        ('POLYPOST_AI_KEY="', '"'),
        ("POLYPOST_AI_KEY=a=b", "a=b"),
    ],
)
def test_nothing_in_a_value_is_special(tmp_path: Path, line: str, value: str) -> None:
    file_of(tmp_path, "\ufeff# a remark", "", line)
    assert settings_of(tmp_path).ai_key == value


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["# fine", "POLYPOST_PORT"], "Line 2 of"),
        (["polypost_port=1"], "Line 1 of"),
        (["export POLYPOST_PORT=1"], "Line 1 of"),
        (["POLYPOST_PORT=1", "", "POLYPOST_PORT=2"], "Lines 1 and 3"),
        (["POLYPOST_DATA=/somewhere/else"], "another data folder"),
        (["POLYPOST_CONFIG=/somewhere/else"], "another settings file"),
        (["POLYPOST_PORT=abc"], "POLYPOST_PORT cannot be taken"),
    ],
)
def test_what_is_no_setting_is_one_sentence(tmp_path: Path, lines: list[str], says: str) -> None:
    file_of(tmp_path, *lines)
    with pytest.raises(NotConfigured, match=says) as caught:
        settings_of(tmp_path)
    assert "\n" not in caught.value.message


def test_the_named_file_wins_over_the_folders_and_says_where_data_are(tmp_path: Path) -> None:
    file_of(tmp_path, "POLYPOST_PORT=1001")
    named = tmp_path / "other.env"
    named.write_text(f"POLYPOST_PORT=1002\nPOLYPOST_DATA={tmp_path / 'there'}\n")
    os.environ["POLYPOST_CONFIG"] = str(named)
    settings = settings_of()
    assert (settings.port, settings.data, settings.config) == (1002, tmp_path / "there", named)


def test_a_named_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    os.environ["POLYPOST_CONFIG"] = str(tmp_path / "none.env")
    with pytest.raises(NotConfigured, match=r"no settings file .*none\.env"):
        settings_of(tmp_path)


def test_a_name_spelt_wrong_in_the_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file_of(tmp_path, "POLYPOST_PROT=1")
    settings_of(tmp_path)
    assert "Did you mean POLYPOST_PORT?" in capsys.readouterr().err


def test_every_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    file = file_of(tmp_path, "# one", "POLYPOST_WORKERS=7", "POLYPOST_REDDIT_CLIENT_SECRET=hush")
    os.environ["polypost_port"] = "1003"  # noqa: SIM112  # the settings take either
    told = dict(os.environ)
    laid = lay(tmp_path)
    found = {
        each["name"]: (each["value"], each["from"])
        for each in origins(loaded(tmp_path), laid, {"data": "--data"}, told)
    }
    assert found["POLYPOST_DATA"] == (str(tmp_path), "--data")
    assert found["POLYPOST_PORT"] == ("1003", "environment")
    assert found["POLYPOST_WORKERS"] == ("7", f"{file}, line 2")
    assert found["POLYPOST_REDDIT_CLIENT_SECRET"] == (HIDDEN, f"{file}, line 3")
    assert found["POLYPOST_RECONCILE_AT"] == ("2,10,60,300,1800", "default")
    assert len(found) == len(Settings.model_fields) + 1


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("POLYPOST_MASTER_KEY", "hush", HIDDEN),
        ("POLYPOST_S3_ACCESS_KEY", "hush", HIDDEN),
        ("POLYPOST_MASTER_KEY_FILE", "/etc/key", "/etc/key"),
        ("POLYPOST_AI_KEY", "", ""),
        ("POLYPOST_DATABASE_URL", "postgresql://me:hu@s/h@db/polypost", "postgresql://me:•••@db/polypost"),
        (
            "POLYPOST_DATABASE_URL",
            "postgresql://db/p?user=me&password=hush",
            "postgresql://db/p?user=me&password=•••",
        ),
        ("POLYPOST_SMTP_URL", "smtp://me:hush@mail:587?starttls", "smtp://me:•••@mail:587?starttls"),
    ],
)
def test_secrets_are_not_shown(name: str, value: str, seen: str) -> None:
    assert shown(name, value) == seen


def test_what_is_written_says_all_settings_and_sets_those_that_were_told(tmp_path: Path) -> None:
    path = tmp_path / FILE
    assert write(path, {"public_url": "https://polypost.example.com", "port": 9000})
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    for name in Settings.model_fields.keys() - {"config", "data"}:
        assert f"POLYPOST_{name.upper()}=" in text
    settings = settings_of(tmp_path)
    assert (settings.public_url, settings.port) == ("https://polypost.example.com", 9000)
    # Every remark is what holds anyway.
    for line in text.splitlines():
        if line.startswith("#POLYPOST_") and not line.endswith("="):
            os.environ.setdefault(*line[1:].split("=", 1))
    assert loaded(tmp_path).model_dump() == settings.model_dump()
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = file_of(tmp_path, "# mine")
    assert not write(path, {"port": 9000})
    assert path.read_text() == "# mine\n"
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_a_folder_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotConfigured, match="cannot be written"):
        write(tmp_path / "file" / FILE, {})
    assert settings_file.lay(tmp_path / "file") is None
