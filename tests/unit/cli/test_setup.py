"""`polypost init` makes what is not there and nothing twice; `polypost config` says where each value comes from."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.processes import MASTER_KEY
from typer.testing import CliRunner

from polypost.cli import main as polypost
from polypost.cli.commands import app
from polypost.cli.reach import reached
from polypost.errors import PolypostError
from polypost.integrations.master import MasterKeyMissing
from polypost.settings import Settings
from polypost.storage import schema


def run(*arguments: str) -> Any:
    """What a command prints as JSON; raises what it raises."""
    with capture_logs():
        done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_it_makes_what_is_not_there_and_nothing_twice(
    store_url: str | None, tmp_path: Path, free_port: int
) -> None:
    if store_url is not None:
        os.environ |= {"POLYPOST_DATABASE_URL": store_url, "POLYPOST_MASTER_KEY": MASTER_KEY}
    data = tmp_path / "data"
    told = ["init", "--data", str(data), "--port", str(free_port), "--project", "Shop"]
    first = run(*told, "--public-url", f"http://127.0.0.1:{free_port}")
    assert first["written"]
    assert first["project"]["name"] == "Shop"
    assert first["administrator"]["url"].startswith(f"http://127.0.0.1:{free_port}/dashboard/join/")
    assert first["publicAddress"]["reached"] is True
    assert first["next"] == f"polypost serve --data {data}"
    assert (data.stat().st_mode & 0o777, (data / "polypost.env").stat().st_mode & 0o777) == (0o700, 0o600)
    assert schema.revision(data, store_url) == schema.HEAD

    again = run("init", "--data", str(data))
    assert (again["written"], again["project"]) == (False, None)
    # Nobody has signed in yet, so there is another link.
    assert again["administrator"]["url"] != first["administrator"]["url"]
    assert [each["name"] for each in run("projects", "list", "--data", str(data))] == ["Shop"]
    assert len(run("keys", "list", "--data", str(data), "--project", "Shop")) == 1


def test_without_a_master_key_nothing_is_made_on_postgresql(fresh_database: str, tmp_path: Path) -> None:
    os.environ["POLYPOST_DATABASE_URL"] = fresh_database
    with pytest.raises(MasterKeyMissing, match="master key must be given"):
        run("init", "--data", str(tmp_path / "data"))
    os.environ["POLYPOST_MASTER_KEY"] = MASTER_KEY
    assert run("init", "--data", str(tmp_path / "data"))["project"] is not None


def test_an_option_and_the_file_that_say_two_things_are_refused(tmp_path: Path) -> None:
    run("init", "--data", str(tmp_path), "--port", "1001")
    with pytest.raises(PolypostError, match="POLYPOST_PORT is set already, to 1001"):
        run("init", "--data", str(tmp_path), "--port", "1002")
    assert run("init", "--data", str(tmp_path), "--port", "1001")["written"] is False


def test_a_named_file_is_written_where_it_is_named_and_knows_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "etc" / "polypost.env"
    named.parent.mkdir()
    monkeypatch.setenv("POLYPOST_CONFIG", str(named))
    made = run("init", "--data", str(tmp_path / "data"))
    assert made["settingsFile"] == str(named)
    assert made["next"] == f"POLYPOST_CONFIG={named} polypost serve"
    assert f"\nPOLYPOST_DATA={tmp_path / 'data'}\n" in named.read_text()


def test_text_for_people_names_the_next_step(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["init", "--data", str(tmp_path)]).stdout
    assert "The key is shown this once." in said
    assert f"polypost serve --data {tmp_path}" in said
    assert "POLYPOST_PUBLIC_URL" in said
    assert "/dashboard/join/" in said


def test_config_makes_nothing_and_shows_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    os.environ["POLYPOST_MASTER_KEY"] = MASTER_KEY
    said = CliRunner().invoke(app, ["config", "--data", str(folder)]).stdout
    assert not folder.exists()
    assert f"# Settings file: {folder}/polypost.env (not there)" in said
    assert MASTER_KEY not in said
    assert "POLYPOST_MASTER_KEY=(set, not shown)  # environment" in said
    assert f"POLYPOST_DATA={folder}  # --data" in said
    as_json = run("config", "--data", str(folder))
    assert as_json["settingsFile"] is None
    assert MASTER_KEY not in json.dumps(as_json)


def test_a_wrong_file_is_one_sentence_and_status_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "polypost.env").write_text("nonsense\n")
    monkeypatch.setattr("sys.argv", ["polypost", "serve", "--data", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        polypost()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith(f"polypost: Line 1 of {tmp_path}/polypost.env is no setting.")


class Other(BaseHTTPRequestHandler):
    """Somebody else's server: it answers all the same."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Broken(Other):
    """A proxy that does not find what stands behind it."""

    status = 502


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


async def ask(**settings: Any) -> tuple[bool, str]:
    return await reached(Settings(**settings))


@pytest.mark.anyio
async def test_an_address_that_leads_elsewhere_is_told(free_port: int, unused_port: int) -> None:
    with listening(Other) as other, listening(Broken) as broken:
        well, said = await ask(port=free_port, public_url=f"http://127.0.0.1:{other}")
        assert not well
        assert "not from 127.0.0.1" in said
        well, said = await ask(port=free_port, public_url=f"http://127.0.0.1:{broken}")
        assert not well
        assert "answers 502" in said
        well, said = await ask(port=other, public_url=f"http://127.0.0.1:{other}")
        assert well
        assert "in use" in said
        well, said = await ask(port=other, public_url=f"http://127.0.0.1:{broken}")
        assert not well
        assert f"pass it on to 127.0.0.1:{other}" in said
    well, said = await ask(port=free_port, public_url=f"http://127.0.0.1:{unused_port}/")
    assert not well
    assert "could not be asked" in said
    well, said = await ask(port=free_port, public_url=f"http://127.0.0.1:{free_port}/")
    assert well
    assert said.endswith("leads here.")
