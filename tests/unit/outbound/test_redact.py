"""No secret stays in what is kept of an exchange, whatever it is wrapped in."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polypost.outbound.redact import describe, redact_text, redact_url, request_excerpt

SECRET_NAMES = [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "code",
    "code_verifier",
    "password",
    "fb_exchange_token",
    "appsecret_proof",
    "oauth_token",
    "oauth_token_secret",
    "accessJwt",
    "refreshJwt",
    "input_token",
    "client_assertion",
    "assertion",
    "page_token",
    "oauth_verifier",
    "oauth_signature",
    "oauth_consumer_key",
    "passwd",
    "secret",
    "token",
    "apiKey",
    "AUTHORIZATION",
]
secrets = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="•"), min_size=6
).map(lambda text: "S3" + text + "cr3t")


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_secrets_are_masked_by_name_in_every_wrapping(name: str) -> None:
    as_json = json.dumps({"user": "me", name: "abc-123", "after": 1})
    quoted = json.dumps({"body": as_json})
    as_form = urlencode({"user": "me", name: "abc-123", "after": 1})

    for text in (as_json, json.dumps({"deep": [{name: "abc-123"}]}, indent=2), quoted, as_form):
        masked = redact_text(text, outgoing=True)
        assert "abc-123" not in masked
        assert "•••" in masked
    assert redact_text(as_form, outgoing=True) == f"user=me&{name}=•••&after=1"
    assert json.loads(redact_text(as_json, outgoing=True)) == {"user": "me", name: "•••", "after": 1}
    assert redact_url(f"https://a.example/x?{as_form}") == f"https://a.example/x?user=me&{name}=•••&after=1"


@given(secrets, st.sampled_from(SECRET_NAMES))
def test_any_value_of_a_secret_field_is_masked_even_when_cut_off(secret: str, name: str) -> None:
    text = json.dumps({"a": "b", name: secret})
    inside = json.dumps(secret)[1:-1]

    for end in range(text.index(name) + len(name) + 5, len(text) + 1):
        masked = redact_text(text[:end], outgoing=True)
        assert inside[: max(3, end - text.index(inside))] not in masked
    assert secret not in redact_text(urlencode({name: secret}), outgoing=True)


@given(st.text(max_size=200))
def test_text_without_secret_names_is_left_alone(text: str) -> None:
    plain = text.replace("=", "").replace('"', "")

    assert redact_text(plain, outgoing=True) == plain


def test_the_code_of_an_error_is_no_secret() -> None:
    answer = b'{"errors": [{"code": 187, "message": "Status is a duplicate."}], "code": "DUPLICATE_POST"}'

    assert describe(answer, "application/json; charset=utf-8", outgoing=False) == answer.decode()


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Bearer abc-123", "authorization: Bearer •••"),
        ('OAuth oauth_consumer_key="abc-123"', "authorization: OAuth •••"),
        ("abc-123", "authorization: •••"),
        ("abc 123", "authorization: •••"),
    ],
)
def test_authorization_headers_keep_only_their_scheme(header: str, shown: str) -> None:
    request = httpx2.Request("GET", "https://a.example/", headers={"Authorization": header})

    assert request_excerpt(request) == shown


def test_binary_bodies_are_counted_not_shown() -> None:
    sent = httpx2.Request(
        "PUT", "https://a.example/", content=b"\xff" * 4_194_304, headers={"Content-Type": "video/mp4"}
    )
    unnamed = httpx2.Request("PUT", "https://a.example/", content=b"\x00\x01\x02")
    multipart = httpx2.Request("POST", "https://a.example/", files={"media": b"\xff" * 1_000_000})

    assert request_excerpt(sent).endswith("\n\n4 194 304 bytes")
    assert request_excerpt(unnamed).endswith("\n\n3 bytes")
    assert request_excerpt(multipart).endswith(" bytes")
    assert "\ufffd" not in request_excerpt(multipart)


@pytest.mark.parametrize("letter", ["x", "é", "語", "🙂"])
def test_excerpts_are_at_most_two_kilobytes(letter: str) -> None:
    body = json.dumps({"text": letter * 5000}, ensure_ascii=False).encode()

    excerpt = describe(body, "application/json", outgoing=True)

    assert 2000 < len(excerpt.encode()) <= 2048
    assert excerpt.endswith("…")


def test_a_secret_at_the_border_of_the_excerpt_does_not_peek_out() -> None:
    for before in range(1990, 2060):
        body = json.dumps({"text": "x" * before, "access_token": "abc-123-abc-123"}).encode()
        assert "abc" not in describe(body, "application/json", outgoing=True)


def test_masking_copes_with_hostile_text() -> None:
    for hostile in ("\\" * 4000, '"token' * 600, '"token":' * 500, '"token":"\\' * 400, "token=" * 600):
        assert isinstance(redact_text(hostile, outgoing=True), str)
