"""Members of Reddit's objects that are always there and say nothing in a sandbox; typed clients insist on them."""

from __future__ import annotations

from typing import Any

_AUTHOR: dict[str, Any] = {
    "author_flair_background_color": None,
    "author_flair_css_class": None,
    "author_flair_richtext": [],
    "author_flair_template_id": None,
    "author_flair_text": None,
    "author_flair_text_color": None,
    "author_flair_type": "text",
    "author_premium": False,
}
_MODERATION: dict[str, Any] = {
    "approved_at_utc": None,
    "approved_by": None,
    "banned_at_utc": None,
    "banned_by": None,
    "ignore_reports": False,
    "mod_note": None,
    "mod_reason_by": None,
    "mod_reason_title": None,
    "mod_reports": [],
    "num_reports": None,
    "spam": False,
    "user_reports": [],
}
_BOTH: dict[str, Any] = {
    **_AUTHOR,
    **_MODERATION,
    "all_awardings": [],
    "archived": False,
    "distinguished": None,
    "gilded": 0,
    "locked": False,
    "quarantine": False,
    "saved": False,
    "stickied": False,
}
POST: dict[str, Any] = {
    **_BOTH,
    "contest_mode": False,
    "hidden": False,
    "hide_score": False,
    "is_crosspostable": True,
    "is_original_content": False,
    "is_robot_indexable": True,
    "link_flair_background_color": None,
    "link_flair_css_class": None,
    "link_flair_richtext": [],
    "link_flair_text_color": None,
    "link_flair_type": "text",
    "pinned": False,
    "subreddit_subscribers": 1_001,
    "suggested_sort": None,
}
COMMENT: dict[str, Any] = {
    **_BOTH,
    "collapsed": False,
    "likes": True,
    "score_hidden": False,
    "send_replies": True,
    "subreddit_type": "public",
}
PERSON: dict[str, Any] = {
    "awardee_karma": 0,
    "awarder_karma": 0,
    "hide_from_robots": False,
    "is_blocked": False,
    "is_friend": False,
}
PROFILE: dict[str, Any] = {"over_18": False, "public_description": "", "subscribers": 0}
OWN: dict[str, Any] = {"coins": 0, "has_mod_mail": False, "num_friends": 0}
COMMUNITY: dict[str, Any] = {
    "accounts_active": 1,
    "active_user_count": 1,
    "can_assign_user_flair": False,
    "description": "",
    "description_html": None,
    "has_menu_widget": False,
    "link_flair_position": "right",
    "public_description_html": None,
    "public_traffic": False,
    "submit_link_label": "",
    "submit_text": "",
    "submit_text_html": None,
    "submit_text_label": "",
    "suggested_comment_sort": None,
    "user_flair_background_color": None,
    "user_flair_css_class": None,
    "user_flair_enabled_in_sr": False,
    "user_flair_position": "right",
    "user_flair_richtext": [],
    "user_flair_template_id": None,
    "user_flair_text": None,
    "user_flair_text_color": None,
    "user_flair_type": "text",
    "user_has_favorited": False,
    "user_is_muted": False,
    "user_sr_flair_enabled": False,
    "user_sr_theme_enabled": True,
}
