"""The server's own OpenAPI document: whole, valid, the same each time; and the page that shows it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator

from polypost import api
from polypost.api.openapi import catalogue
from polypost.api.openapi.document import Operation, document, error_statuses, operations
from polypost.api.openapi.operations import OPERATIONS
from polypost.api.openapi.reference import FILES, is_wanted
from polypost.platforms.registry import connectors
from polypost.settings import Settings
from tests.processes import World


@cache
def app() -> FastAPI:
    @contextlib.asynccontextmanager
    async def never(_: FastAPI) -> AsyncIterator[None]:
        yield

    return api.build(never)[0]


@cache
def made() -> dict[str, Any]:
    return document(app(), server="http://127.0.0.1:8080")


def told() -> Iterator[tuple[Operation, dict[str, Any]]]:
    """Every operation with its part of the document."""
    for each in operations(app()):
        yield each, made()["paths"][each.shown][each.method]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = made()
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def test_every_route_says_what_it_answers() -> None:
    silent = [f"{each.method.upper()} {each.path}" for each in operations(app()) if each.said is None]
    assert silent == []


def test_the_document_is_valid() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(made()).iter_errors()] == []


def test_it_is_the_same_each_time() -> None:
    again = document(app(), server="http://127.0.0.1:8080")
    assert json.dumps(again) == json.dumps(made())


def test_names_of_operations_are_unique() -> None:
    names = [each.id for each in operations(app())]
    assert sorted(names) == sorted(set(names))
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)


def test_every_tag_has_a_description() -> None:
    assert [tag["name"] for tag in made()["tags"] if not tag.get("description")] == []


def test_titles_are_short_and_unique_and_told_at_length() -> None:
    titles = [part["summary"] for _, part in told()]
    assert sorted(titles) == sorted(set(titles))
    assert [title for title in titles if not re.fullmatch(r"[A-Z][\w' ]{5,34}\w", title)] == []
    assert [each.shown for each, part in told() if not re.match(r"[A-Z].{4,}", part["description"])] == []


def test_every_operation_that_is_named_is_there() -> None:
    assert {f"{each.method.upper()} {each.shown}" for each in operations(app())} == set(OPERATIONS)


def test_no_schema_has_a_key_of_its_own_name() -> None:
    # openapi-python-client would call a key and the object that it makes by one name.
    schemas = made()["components"]["schemas"]
    assert [
        name
        for name, schema in schemas.items()
        if name.lower() in map(str.lower, schema.get("properties", ()))
    ] == []


def test_an_operation_answers_success_with_one_body() -> None:
    for each, part in told():
        bodies = {
            json.dumps(media["schema"])
            for status, answer in part["responses"].items()
            if status < "300"
            for media in resolved(answer).get("content", {}).values()
        }
        assert len(bodies) <= 1, each.shown


def test_errors_are_those_of_the_kind_of_route() -> None:
    for each, part in told():
        answers = part["responses"]
        assert set(map(str, error_statuses(each))) <= set(answers)
        assert "422" not in answers or "Idempotency-Key" in str(part.get("parameters"))
        assert each.said is not None
        if each.said.open:
            assert part["security"] == []
            assert "401" not in answers
        else:
            assert part["security"] == [{"accessKey": []}]
            assert {"400", "401", "403", "429", "503"} <= set(answers)
            assert "Retry-After" in resolved(answers["429"])["headers"]
        assert ("requestBody" in part) <= ("413" in answers)


def test_error_bodies_are_those_of_the_paths_family() -> None:
    for each, part in told():
        for status in error_statuses(each):
            content = resolved(part["responses"][str(status)]).get("content", {})
            if "application/problem+json" not in content:
                continue
            schema = resolved(content["application/json"]["schema"])
            assert content["application/problem+json"] == content["application/json"]
            names = schema["required"]
            old = each.path.startswith(
                ("/v1/connect", "/v1/profiles", "/v1/apps", "/v1/pinterest", "/v1/tiktok")
            )
            assert ("error" in names) == old
            assert ("message" in names) != old
            assert "errors" in schema["properties"]


def test_every_header_that_is_named_is_there() -> None:
    named = set(re.findall(r"#/components/headers/(\w+)", json.dumps(made())))
    assert named == set(catalogue.HEADERS)


def test_every_network_has_options_of_its_own() -> None:
    entry = made()["components"]["schemas"]["PlatformEntry"]
    mapping = entry["discriminator"]["mapping"]
    assert list(mapping) == [each.spec.id for each in connectors()]
    assert [one["$ref"] for one in entry["oneOf"]] == list(mapping.values())
    for each in connectors():
        own = resolved({"$ref": mapping[each.spec.id]})
        assert own["additionalProperties"] is False
        assert own["properties"]["platform"]["const"] == each.spec.id
        options = own["properties"]["platformSpecificData"]
        schema = resolved(options.get("anyOf", [options])[0])
        assert schema["additionalProperties"] is False
        told = each.options.model_json_schema()
        assert set(schema["properties"]) == set(told["properties"])
        assert ("platformSpecificData" in own["required"]) == bool(told.get("required"))


def test_it_is_served(embedded: World) -> None:
    with httpx2.Client(base_url=embedded.url, trust_env=False) as client:
        answer = client.get("/openapi.json")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == json.loads(json.dumps(document(app(), server=embedded.url)))
        assert client.get("/openapi.json/").content == answer.content


def test_the_page_stays_with_this_server(embedded: World) -> None:
    with httpx2.Client(base_url=embedded.url, trust_env=False) as client:
        page = client.get("/docs")
        assert page.status_code == 200
        policy = dict(
            part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["connect-src"] == "'self'"
        assert "http" not in page.headers["content-security-policy"]
        sources = re.findall(r'src="([^"]+)"', page.text)
        assert sources == ["/docs/scalar.js", "/docs/reference.js"]
        for source in sources:
            script = client.get(source)
            assert script.status_code == 200
            assert script.headers["content-type"].startswith("text/javascript")


def test_a_sandboxs_key_is_filled_in_under_the_machines_own_names(embedded: World) -> None:
    with httpx2.Client(base_url=embedded.url, trust_env=False) as client:
        assert f'data-key="{embedded.key}"' in client.get("/docs").text
        elsewhere = client.get("/docs", headers={"host": f"polypost.example:{client.base_url.port}"})
        assert elsewhere.status_code == 200
        assert embedded.key not in elsewhere.text
        assert 'data-key=""' in elsewhere.text


def test_the_vendored_file_is_the_one_its_note_describes() -> None:
    path = FILES["scalar.js"]
    note = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert f"SHA-256: {hashlib.sha256(path.read_bytes()).hexdigest()}" in note
    assert "MIT License" in note
    version = re.search(r"^Version: (\S+)$", note, re.MULTILINE)
    assert version is not None
    assert f"@scalar/api-reference {version[1]}" in path.read_text(encoding="utf-8")[:1000]


@pytest.mark.parametrize(
    ("host", "public_url", "sandbox", "setting", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080", False, None, True),
        ("localhost", "http://localhost:8080", False, None, True),
        ("::1", "http://[::1]:8080", False, None, True),
        ("0.0.0.0", "http://127.0.0.1:8080", False, None, False),
        ("127.0.0.1", "https://social.example.com", False, None, False),
        ("social.internal", "https://social.example.com", False, None, False),
        ("0.0.0.0", "https://social.example.com", True, None, True),
        ("0.0.0.0", "https://social.example.com", False, True, True),
        ("127.0.0.1", "http://127.0.0.1:8080", True, False, False),
    ],
)
def test_where_it_is_shown(
    host: str, public_url: str, sandbox: bool, setting: bool | None, shown: bool
) -> None:
    settings = Settings(host=host, api_docs=setting)
    assert is_wanted(settings, public_url, sandbox=sandbox) is shown


def test_where_it_is_not_shown_there_is_no_such_path() -> None:
    assert not [route for route in app().routes if getattr(route, "path", "") in {"/openapi.json", "/docs"}]
