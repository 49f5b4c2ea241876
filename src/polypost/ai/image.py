"""An image for a post, from a description and up to eight images to go by."""

from __future__ import annotations

from collections.abc import Sequence

from polypost.ai.provider import Attachment, Provider

PRICE = 10
SIZES = {"square": "1024x1024", "vertical": "1024x1536", "landscape": "1536x1024"}
_STYLES = {
    "photo": "a realistic photograph",
    "illustration": "an illustration",
    "minimal": "minimal, with few shapes and much space",
    "vibrant": "vibrant, with strong colours",
    "cinematic": "cinematic, lit like a film",
    "3d-render": "a 3D rendering",
    "retro": "retro, like a print of decades ago",
    "hand-drawn": "drawn by hand",
}
STYLES = tuple(_STYLES)


async def new_image(
    provider: Provider,
    *,
    description: str,
    aspect: str,
    style: str | None,
    references: Sequence[Attachment],
    assets: Sequence[Attachment],
) -> bytes:
    """An image by the description; the assets appear in it, the references only show the way. Raises as the provider does."""
    wishes = [f"A picture for a social media post: {description}"]
    if style is not None:
        wishes.append(f"Style: {_STYLES[style]}.")
    if assets:
        wishes.append(f"The first {len(assets)} attached must appear in it as they are, not drawn anew.")
    if references:
        wishes.append(f"The last {len(references)} attached only show the wanted look; do not copy them.")
    return await provider.image(" ".join(wishes), SIZES[aspect], [*assets, *references])
