"""What is loaded when: a program that uses the client loads no server, and asking for help neither."""

from __future__ import annotations

import json
import subprocess
import sys

SERVER = {"sqlalchemy", "fastapi", "starlette", "uvicorn", "pydantic", "pgqueuer", "PIL", "asyncpg"}


def loaded(code: str) -> set[str]:
    """The modules that are there after the code has run."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def ours(modules: set[str]) -> set[str]:
    """Rooms of ours among them."""
    return {name.split(".")[1] for name in modules if name.startswith("polypost.")}


def test_the_package_alone_loads_nothing() -> None:
    modules = loaded("import polypost; polypost.__version__")
    assert ours(modules) == set()
    assert "httpx2" not in modules


def test_the_client_loads_itself_and_no_server() -> None:
    modules = loaded("from polypost import AsyncClient, Client, verify_webhook")
    assert ours(modules) == {"client"}
    assert not SERVER & modules


def test_a_name_that_is_not_there() -> None:
    loaded(
        "import polypost\ntry:\n    polypost.Nobody\nexcept AttributeError as error:\n    assert 'Nobody' in str(error)\n"
        "else:\n    raise SystemExit(1)"
    )


def test_help_and_commands_that_speak_to_a_server_load_none() -> None:
    run = "from polypost.cli import main\nsys.argv = ['polypost', *{}]\ntry:\n    main()\nexcept SystemExit:\n    print()"
    for words in (["--help"], ["post", "--help"], ["servers", "list"]):
        modules = loaded(run.format(words))
        assert ours(modules) <= {"cli", "errors"}, words
        # Typer itself reads arguments with pydantic.
        assert not (SERVER - {"pydantic"} | {"httpx2"}) & modules, words


def test_commands_of_the_server_load_none_of_the_others() -> None:
    run = "from polypost.cli import main\nsys.argv = ['polypost', 'version']\ntry:\n    main()\nexcept SystemExit:\n    print()"
    modules = loaded(run)
    assert "polypost.cli.commands" in modules
    assert not {"polypost.cli.remote", "polypost.cli.posting", "polypost.client"} & modules
