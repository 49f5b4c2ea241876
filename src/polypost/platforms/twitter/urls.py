"""Where the links in a text are, as X sees them, in time linear in the text.

The rules are those of twitter-text 3.1, whose own regular expressions take minutes for some texts of 25,000
characters. A link without a scheme needs a known top-level domain; e-mail addresses are no links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

Span = tuple[int, int]

_SPACES = r"\t-\r \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_MARKS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVALID = r"\ufffe\ufeff\uffff"
_PUNCTUATION = r"!#%&'()*+,\\/:;<=>?@\[\]^{|}~$"
_LATIN = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272"
    r"\u0289\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_PATH = rf"[a-z\u0400-\u04ff0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{_LATIN}]"

# Labels, their dots, and nothing that ends a domain.
_RUN = re.compile(rf"[^{_PUNCTUATION}{_SPACES}{_MARKS}{_INVALID}]+")
# At the start of a text a sign that could stand in front of a link does so.
_BEGIN = re.compile(rf"(?<![A-Za-z0-9@＠$#＃{_INVALID}])(?!\A[^-_.A-Za-z0-9][^-_.])[^-_.]")
_SCHEME = re.compile(rf"(?<![A-Za-z0-9@＠$#＃{_INVALID}])https?://\Z", re.IGNORECASE)
_TAIL = re.compile(rf"[-a-z0-9{_LATIN}]+\Z", re.IGNORECASE)
_PUNYCODE = re.compile(r"xn--[-0-9a-z]+", re.IGNORECASE)
_AFTER_TLD = re.compile(r"(?![0-9a-zA-Z@+-])")
_PORT = re.compile(r":[0-9]+")
_PLAIN = re.compile(f"{_PATH}+", re.IGNORECASE)
_PARENS = re.compile(rf"\((?!\)){_PATH}*+(?:\({_PATH}++\){_PATH}*+)?\)", re.IGNORECASE)
_PATH_END = re.compile(rf"[+\-a-z\u0400-\u04ff0-9=_#/{_LATIN}]", re.IGNORECASE)
_QUERY = re.compile(r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*", re.IGNORECASE)
_QUERY_END = re.compile(r"[a-z0-9\-_&=#/]", re.IGNORECASE)
_SHORT = re.compile(r"https?://t\.co/([a-z0-9]+)", re.IGNORECASE)

_LONGEST_URL = 4096
_LONGEST_SLUG = 40
_LONGEST_TLD = 18
_SCHEME_LENGTH = len("https://")
_CUTS_OFF = "-_./"


def find_urls(text: str) -> list[Span]:
    """The (start, end) of each link in an NFC text, in order."""
    spans: list[Span] = []
    if "." not in text:
        return spans
    # What stands in front of a link belongs to no other link, so two never touch.
    done = -1
    for run in _RUN.finditer(text):
        begin = max(run.start(), done + 1)
        # A domain has a dot between two labels.
        if "." in text[begin : run.end()].strip("."):
            for found, used in _Run(text, begin, run.end(), done + 1).links():
                spans.extend(found)
                done = used
    return spans


@cache
def _tlds() -> frozenset[str]:
    """The top-level domains that twitter-text 3.1 knows."""
    listed = resources.files(__package__).joinpath("tlds.txt").read_text(encoding="utf-8")
    return frozenset(listed.split())


def _tld_end(text: str, begin: int, end: int) -> int | None:
    """The end of the top-level domain that a label begins with."""
    if punycode := _PUNYCODE.match(text, begin, end):
        return punycode.end()
    start = text[begin : min(end, begin + _LONGEST_TLD)].lower()
    for length in range(len(start), 1, -1):
        if start[:length] in _tlds() and _AFTER_TLD.match(text, begin + length):
            return begin + length
    return None


@dataclass(slots=True)
class _Domain:
    """A domain in a run: from `begin` to `end`, its labels from `first` to the one with the TLD, `last`."""

    begin: int
    end: int
    first: int
    last: int


class _Run:
    """One run of labels and dots, with everything about its labels worked out once."""

    def __init__(self, text: str, begin: int, end: int, floor: int) -> None:
        self.text = text
        self.begin = begin
        self.floor = floor
        self.labels: list[Span] = []
        at = begin
        for label in text[begin:end].split("."):
            self.labels.append((at, at + len(label)))
            at += len(label) + 1
        self.tlds = [None, *(_tld_end(text, *label) for label in self.labels[1:])]
        self._look_ahead()

    def _look_ahead(self) -> None:
        """`reach[k]`: the last label that whole labels from `k` lead to; `best[k]`: the last TLD up to `k`."""
        count = len(self.labels)
        self.reach = [count - 1] * count
        for k in range(count - 2, -1, -1):
            self.reach[k] = self.reach[k + 1] if self._whole(k) else k
        self.best = [0] * count
        for k in range(1, count):
            named = self.tlds[k] is not None and "_" not in self._of(k - 1)
            self.best[k] = k if named else self.best[k - 1]

    def _of(self, k: int) -> str:
        begin, end = self.labels[k]
        return self.text[begin:end]

    def _whole(self, k: int) -> bool:
        label = self._of(k)
        return bool(label) and label[0] not in "-_" and label[-1] not in "-_"

    def links(self) -> Iterator[tuple[list[Span], int]]:
        """The links of each domain in the run, and how far the text is used up by it."""
        k, at = 0, self.begin
        while k < len(self.labels) - 1:
            start = _BEGIN.search(self.text, at, self.labels[k][1])
            domain = self._domain(k, start.start()) if start else None
            if domain is None:
                k += 1
                at = self.labels[k][0]
                continue
            spans, used = self._links_of(domain)
            yield spans, used
            if used >= self.labels[-1][1]:
                return
            k, at = domain.last, used + 1

    def _domain(self, k: int, begin: int) -> _Domain | None:
        """The longest domain from `begin` in label `k`."""
        label = self.text[begin : self.labels[k][1]]
        if label[-1] in "-_":
            return None
        last = max(self.best[self.reach[k + 1]], k + 1)
        end = self.tlds[last]
        if end is None:
            return None
        if last == k + 1 and "_" in label:
            # The label in front of the TLD has no underscore: only what follows it can be a domain.
            start = _BEGIN.search(self.text, begin + label.rindex("_") + 1)
            assert start is not None
            begin = start.start()
        return _Domain(begin, end, k, last)

    def _links_of(self, domain: _Domain) -> tuple[list[Span], int]:
        text = self.text
        port = _PORT.match(text, domain.end)
        after_port = port.end() if port else domain.end
        path = _path_end(text, after_port)
        end = _query_end(text, path)
        scheme = _SCHEME.search(text, max(domain.begin - _SCHEME_LENGTH, self.floor), domain.begin)
        begin = scheme.start() if scheme and domain.begin == self.begin else domain.begin
        if not _encodable(text[domain.begin : domain.end], end - begin):
            return [], end
        if begin < domain.begin:
            return _with_scheme(text, begin, end), end
        if text[begin - 1 : begin] and text[begin - 1] in _CUTS_OFF:
            return [], end
        spans = list(self._plain_domains(domain))
        if spans and path > after_port:
            spans[-1] = (spans[-1][0], end)
        return spans, end

    def _plain_domains(self, domain: _Domain) -> Iterator[Span]:
        """Without a scheme only those parts of a domain count that are written in Latin letters."""
        k, floor = domain.first, domain.begin
        while k < domain.last:
            tail = _TAIL.search(self.text, floor, self.labels[k][1])
            found = 0
            if tail:
                found, k = self._plain_end(k, domain.last)
            else:
                k += 1
            if found and tail:
                yield tail.start(), found
            floor = max(found, self.labels[k][0])

    def _plain_end(self, k: int, last: int) -> tuple[int, int]:
        """The end of the last TLD that plain labels after `k` lead to (0 for none), and where to go on."""
        found, at = 0, k
        for label in range(k + 1, last + 1):
            at = label
            end = self.tlds[label]
            if end is not None:
                found, named = end, label
            if not _TAIL.fullmatch(self._of(label)):
                break
        return found, named if found else at


def _path_end(text: str, at: int) -> int:
    """The end of the path that begins at `at`, or `at` itself."""
    if text[at : at + 1] != "/":
        return at
    end = at = at + 1
    while True:
        if parens := _PARENS.match(text, at):
            # A link ends in parentheses only right behind a letter or the like.
            end, at = parens.end() if end == at else end, parens.end()
        elif plain := _PLAIN.match(text, at):
            at = plain.end()
            end = _last(_PATH_END, text, plain.start(), at) or end
        else:
            return end


def _query_end(text: str, at: int) -> int:
    query = _QUERY.match(text, at)
    return (_last(_QUERY_END, text, at, query.end()) or at) if query else at


def _last(wanted: re.Pattern[str], text: str, begin: int, end: int) -> int:
    """Behind the last wanted character between `begin` and `end`, or 0."""
    return next((at for at in range(end, begin, -1) if wanted.match(text, at - 1)), 0)


def _encodable(domain: str, length: int) -> bool:
    """Whether a domain has a form for the network: no label over 63 characters, not too long in all."""
    # Encoding makes nothing shorter that a reader can see, and takes long for a long domain.
    if _SCHEME_LENGTH + length > _LONGEST_URL:
        return False
    more = _encoded_more(domain)
    return more is not None and _SCHEME_LENGTH + length + more <= _LONGEST_URL


# Of all that is done for a link, the form of a domain beyond ASCII takes the longest by far.
@lru_cache(maxsize=1024)
def _encoded_more(domain: str) -> int | None:
    """By how much a domain is longer in its form for the network, None when it has none."""
    try:
        return len(domain.encode("idna")) - len(domain)
    except UnicodeError:
        return None


def _with_scheme(text: str, begin: int, end: int) -> list[Span]:
    short = _SHORT.match(text, begin, end)
    if short is None:
        return [(begin, end)]
    # X's own links have no further path.
    if len(short[1]) > _LONGEST_SLUG:
        return []
    return [(begin, _query_end(text, short.end()))]
