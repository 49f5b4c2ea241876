"""`/v1/profiles`: groups of a project's accounts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.openapi.documented import Shape, documented
from polypost.api.routes.connect_shapes import IntegrationShape
from polypost.entrance.accounts import Description, Name, ProfileBody
from polypost.entrance.services import services
from polypost.errors import InvalidRequest, Problem
from polypost.intake import bodies
from polypost.intake.bodies import Closed, Text
from polypost.integrations import profiles
from polypost.integrations.profiles import Profile


class ProfileChange(BaseModel):
    """`PATCH /v1/profiles/{id}`; open. An explicit null takes the description away."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: Name | None = None
    description: Description | None = None


class ProfilesQuery(BaseModel):
    """`GET /v1/profiles`: the page style of paging."""

    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class MoveBody(Closed):
    """`PATCH /v1/connect/integrations/{id}`; null takes the account out of its profile."""

    profileId: Annotated[Text, Field(min_length=1, max_length=100)] | None


class ProfileShape(Shape):
    """A profile."""

    id: str
    name: str
    description: str | None
    integrationCount: Annotated[int, Field(ge=0)]
    createdAt: datetime
    updatedAt: datetime


class ProfileAnswer(Shape):
    """One profile."""

    success: Literal[True]
    profile: ProfileShape


class ProfilesAnswer(Shape):
    """A page of profiles."""

    success: Literal[True]
    total: Annotated[int, Field(ge=0)]
    page: Annotated[int, Field(ge=1)]
    limit: Annotated[int, Field(ge=1)]
    profiles: list[ProfileShape]


class ProfileGone(Shape):
    """A profile was deleted."""

    success: Literal[True]
    message: str


class MoveAnswer(Shape):
    """The account in its new profile."""

    success: Literal[True]
    integration: IntegrationShape


router = APIRouter(prefix="/v1/profiles")
_ID = re.compile(r"prof_[0-9a-z]{1,40}", re.ASCII)


def shape(found: Profile) -> dict[str, Any]:
    """A profile as the contract shows it."""
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "integrationCount": found.integration_count,
        "createdAt": answers.stamp(found.created_at),
        "updatedAt": answers.stamp(found.updated_at),
    }


@router.post("")
@documented(ProfileAnswer, status=201, body=ProfileBody)
async def create(request: Request) -> Response:
    """A new profile; its id goes into `profileId` when connecting."""
    who = await principal(request, "connect")
    body = bodies.read(ProfileBody, await json_object(request))
    made = await services(request).store.write(
        lambda db: profiles.create(db, who.project.id, name=body.name, description=body.description)
    )
    return answers.ok({"success": True, "profile": shape(made)}, 201)


@router.get("")
@documented(ProfilesAnswer)
async def list_profiles(request: Request, query: Annotated[ProfilesQuery, Query()]) -> Response:
    """The project's profiles, the newest first."""
    who = await principal(request, "read")
    total, found = await services(request).store.browse(
        who.project.id,
        lambda db: profiles.list_profiles(
            db,
            who.project.id,
            name=query.name,
            limit=query.limit,
            offset=(query.page - 1) * query.limit,
        ),
    )
    page = {"total": total, "page": query.page, "limit": query.limit}
    return answers.ok({"success": True, **page, "profiles": [shape(each) for each in found]})


@router.get("/{profile_id}")
@documented(ProfileAnswer, errors=(404,))
async def get_profile(request: Request, profile_id: str) -> Response:
    """One profile."""
    who = await principal(request, "read")
    _well_formed(profile_id)
    found = await services(request).store.read(lambda db: profiles.get(db, who.project.id, profile_id))
    return answers.ok({"success": True, "profile": shape(found)})


@router.patch("/{profile_id}")
@documented(ProfileAnswer, body=ProfileChange, errors=(404,))
async def change(request: Request, profile_id: str) -> Response:
    """Another name or description."""
    who = await principal(request, "connect")
    _well_formed(profile_id)
    raw = await json_object(request)
    body = bodies.read(ProfileChange, raw)
    changed = await services(request).store.write(
        lambda db: profiles.change(
            db,
            who.project.id,
            profile_id,
            name=body.name,
            description=body.description if "description" in raw else ...,
        )
    )
    return answers.ok({"success": True, "profile": shape(changed)})


@router.delete("/{profile_id}")
@documented(ProfileGone, errors=(404,))
async def delete(request: Request, profile_id: str) -> Response:
    """Show the profile no more; its accounts stay connected."""
    who = await principal(request, "connect")
    _well_formed(profile_id)
    await services(request).store.write(lambda db: profiles.remove(db, who.project.id, profile_id))
    return answers.ok({"success": True, "message": "Profile deleted."})


def _well_formed(profile_id: str) -> None:
    if not _ID.fullmatch(profile_id):
        raise InvalidRequest([Problem("id", "is not the id of a profile", "Ids begin with prof_.", "bad_id")])
