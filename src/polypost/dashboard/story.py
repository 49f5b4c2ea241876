"""What happened to a post, in plain words: the lines of its diary gathered into steps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

EXCHANGE = "exchange"
Ngettext = Callable[[str, str, int], str]
# What an exchange's request shows in place of bytes: their number, in groups of three.
_BYTES = re.compile(r"(?:^|\n)(\d{1,3}(?:\D\d{3})*) bytes$")


class Exchange(NamedTuple):
    """A request and its answer, as the diary keeps them: without secrets, and not whole."""

    at: datetime
    method: str
    url: str
    answer: str
    seconds: float
    request: str
    response: str

    @property
    def host(self) -> str:
        """Whom it was sent to."""
        return urlsplit(self.url).netloc

    @property
    def place(self) -> tuple[str, str]:
        """What it asked, whatever it asked about."""
        return self.method, self.url.partition("?")[0]

    @property
    def well(self) -> bool:
        """Whether it was answered, and not refused."""
        return self.answer.isdigit() and int(self.answer) < 400

    @property
    def sent(self) -> int | None:
        """The size of the file that it carried, or of its part; None where it carried none."""
        found = _BYTES.search(self.request)
        return int(re.sub(r"\D", "", found[1])) if found else None


@dataclass(slots=True)
class Step:
    """Something that happened; `kind` is the diary's, or upload, look or talk for exchanges that belong together."""

    at: datetime
    kind: str
    words: str
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long the network took for it."""
        return sum(each.seconds for each in self.exchanges)

    @property
    def well(self) -> bool:
        """Whether the network refused nothing in it."""
        return all(each.well for each in self.exchanges)


def told(lines: Sequence[Any], network: str, gettext: Callable[[str], str], ngettext: Ngettext) -> list[Step]:
    """The steps of one target, oldest first; `network` is what it is called."""
    exchanges = [_exchange(line) if line.kind == EXCHANGE else None for line in lines]
    # What is asked more than once with success is how far the network is; what was refused is only tried again.
    again = Counter(each.place for each in exchanges if each is not None and each.well)
    steps: list[Step] = []
    for line, exchange in zip(lines, exchanges, strict=True):
        if exchange is None:
            steps.append(Step(line.at, line.kind, line.message))
            continue
        kind = "talk"
        if exchange.sent is not None:
            kind = "upload"
        elif exchange.well and again[exchange.place] > 1:
            kind = "look"
        last = steps[-1] if steps else None
        if last is not None and last.kind == kind and last.exchanges:
            last.exchanges.append(exchange)
        else:
            steps.append(Step(line.at, kind, "", [exchange]))
    for step in steps:
        if step.exchanges:
            step.words = " ".join(_words(step, network, gettext, ngettext))
    return steps


def _words(step: Step, network: str, gettext: Callable[[str], str], ngettext: Ngettext) -> Iterator[str]:
    count = len(step.exchanges)
    if step.kind == "upload":
        size = sized(sum(each.sent or 0 for each in step.exchanges))
        said = ngettext("Uploaded %(size)s in one part.", "Uploaded %(size)s in %(num)s parts.", count)
        yield said % {"size": size, "num": count}
    elif step.kind == "look":
        said = ngettext(
            "Asked %(network)s how far it is.", "Asked %(network)s how far it is, %(num)s times.", count
        )
        yield said % {"network": network, "num": count}
    else:
        said = ngettext(
            "Talked to %(network)s: one request.", "Talked to %(network)s: %(num)s requests.", count
        )
        yield said % {"network": network, "num": count}
    for each in step.exchanges:
        if not each.well:
            unheard = gettext("There was no answer.")
            yield gettext("It refused: %s.") % each.answer if each.answer.isdigit() else unheard
            break


def _exchange(line: Any) -> Exchange:
    method, _, rest = line.message.partition(" ")
    url, _, answer = rest.rpartition(" → ")
    detail = line.detail or {}
    return Exchange(
        line.at,
        method,
        url,
        answer,
        float(detail.get("seconds") or 0),
        detail.get("request") or "",
        detail.get("response") or "",
    )


def sized(count: int) -> str:
    """A number of bytes as people say it: `4.2 MB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"


def waiting(reason: str, network: str, gettext: Callable[[str], str]) -> str:
    """Why a target waits, as a sentence; a connector's own reason is what the network is at."""
    known = {
        "rate_limited": gettext("%s takes no more from this account for a while."),
        "checking": gettext("The answer of %s was lost; the account is looked at for the post."),
        "network_down": gettext("%s does not answer; it is tried again."),
        "back_off": gettext("%s could not take it just now; it is tried again."),
        "media": gettext("It waits until there is room for its files; other large files are on their way."),
        "share": gettext(
            "It waits for its turn: as many posts of this project are on their way as may be at a time."
        ),
        "processing": gettext("%s is processing what was uploaded."),
    }
    found = known.get(reason)
    if found is None:
        return f"{gettext('%s is working on it') % network}: {reason}."
    return found % network if "%s" in found else found
