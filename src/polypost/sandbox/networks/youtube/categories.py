"""The kinds of videos as `videoCategories.list` gives them for the United States; uploads may choose among some."""

from __future__ import annotations

# id: (title, assignable). Category names are YouTube's own.
CATEGORIES: dict[str, tuple[str, bool]] = {
    "1": ("Film & Animation", True),
    "2": ("Autos & Vehicles", True),
    "10": ("Music", True),
    "15": ("Pets & Animals", True),
    "17": ("Sports", True),
    "18": ("Short Movies", False),
    "19": ("Travel & Events", True),
    "20": ("Gaming", True),
    "21": ("Videoblogging", False),
    "22": ("People & Blogs", True),
    "23": ("Comedy", True),
    "24": ("Entertainment", True),
    "25": ("News & Politics", True),
    "26": ("Howto & Style", True),
    "27": ("Education", True),
    "28": ("Science & Technology", True),
    "29": ("Nonprofits & Activism", True),
    "30": ("Movies", False),
    "31": ("Anime/Animation", False),
    "32": ("Action/Adventure", False),
    "33": ("Classics", False),
    "34": ("Comedy", False),
    "35": ("Documentary", False),
    "36": ("Drama", False),
    "37": ("Family", False),
    "38": ("Foreign", False),
    "39": ("Horror", False),
    "40": ("Sci-Fi/Fantasy", False),
    "41": ("Thriller", False),
    "42": ("Shorts", False),
    "43": ("Shows", False),
    "44": ("Trailers", False),
}
ASSIGNABLE = frozenset(number for number, (_, assignable) in CATEGORIES.items() if assignable)
# The channel that Google's documents name as the owner of every category.
OWNER = "UCBR8-60-B28hp2BmDPdntcQ"
# Languages and regions of the interface: those that most apps offer, out of many more.
LANGUAGES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "zh-CN": "Chinese", "zh-TW": "Chinese (Taiwan)",
}  # fmt: skip
REGIONS = {
    "AR": "Argentina", "AT": "Austria", "AU": "Australia", "BR": "Brazil", "CA": "Canada", "CH": "Switzerland",
    "DE": "Germany", "ES": "Spain", "FR": "France", "GB": "United Kingdom", "ID": "Indonesia", "IN": "India",
    "IT": "Italy", "JP": "Japan", "KR": "South Korea", "MX": "Mexico", "NL": "Netherlands", "PL": "Poland",
    "SE": "Sweden", "TR": "Türkiye", "UA": "Ukraine", "US": "United States",
}  # fmt: skip
