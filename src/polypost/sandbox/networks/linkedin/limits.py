"""What LinkedIn allows, each number with its source and the day it was read. Written without a look at our connector."""

from __future__ import annotations

from polypost.sandbox.simkit import Number
from polypost.sandbox.simkit.numbers import whole

POSTS = "Microsoft Learn, LinkedIn: Posts API"
IMAGES = "Microsoft Learn, LinkedIn: Images API"
MULTI = "Microsoft Learn, LinkedIn: MultiImage API"
VIDEOS = "Microsoft Learn, LinkedIn: Videos API"
DOCUMENTS = "Microsoft Learn, LinkedIn: Documents API"
POLLS = "Microsoft Learn, LinkedIn: Poll API"
COMMENTS = "Microsoft Learn, LinkedIn: Comments API"
LOGIN = "Microsoft Learn, LinkedIn: Authorization Code Flow"
REFRESH = "Microsoft Learn, LinkedIn: Programmatic Refresh Tokens"
SHARE = "Microsoft Learn, LinkedIn: Share on LinkedIn"
VERSIONS = "Microsoft Learn, LinkedIn: API versioning"
SEEN = "seen in reports, not documented"
OURS = "not documented; the simulator's choice"
MB = 1024 * 1024


LIMITS: dict[str, Number] = {
    "text_characters": Number(3_000, POSTS),
    "multi_image_min": Number(2, MULTI),
    "multi_image_max": Number(20, MULTI),
    "alt_text_characters": Number(4_086, IMAGES),
    "image_pixels": Number(36_152_319, IMAGES),
    "gif_frames": Number(250, IMAGES),
    "video_bytes_min": Number(75 * 1024, VIDEOS),
    "video_bytes_max": Number(500 * MB, VIDEOS),
    "video_seconds_min": Number(3, VIDEOS),
    "video_seconds_max": Number(30 * 60, VIDEOS),
    "video_part_bytes": Number(4_194_304, VIDEOS),
    "document_bytes": Number(100 * MB, DOCUMENTS),
    "document_pages": Number(300, DOCUMENTS),
    "article_title_characters": Number(400, POSTS),
    "article_description_characters": Number(4_086, POSTS),
    "poll_question_characters": Number(140, POLLS),
    "poll_option_characters": Number(30, POLLS),
    "poll_options_min": Number(2, POLLS),
    "poll_options_max": Number(4, POLLS),
    "comment_characters": Number(1_250, COMMENTS),
    "code_seconds": Number(30 * 60, LOGIN),
    "access_token_days": Number(60, LOGIN),
    "refresh_token_days": Number(365, REFRESH),
    "posts_per_member_day": Number(150, SHARE),
    "posts_per_app_day": Number(100_000, SHARE),
    # The number of the first version that is not over on the day of reading; they live twelve months.
    "oldest_version": Number(202_512, VERSIONS),
    "duplicate_hours": Number(24, SEEN),
    "upload_hours": Number(24, OURS),
    "page_size": Number(10, POSTS),
    "page_size_max": Number(100, POSTS),
    "image_processing_seconds": Number(0, OURS),
    "video_processing_seconds": Number(1, OURS),
    "document_processing_seconds": Number(0, OURS),
}

limit = whole(LIMITS)
