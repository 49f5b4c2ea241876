"""What simulators share: durable state, consent, tokens, faults, rate buckets, pages. Connectors may not import it.

A simulator is a subclass of `Simulator` that holds a `Network`:

- `net.accounts`, `net.codes`, `net.tokens`: who may call (accounts.py), `net.apps`: in whose name (apps.py), `gate`: how
  it is let in (gate.py);
- `net.posts`, `net.documents`, `net.blobs`: what is visible, what is on its way, the bytes (content.py, blobs.py);
- `net.buckets`: rate limits (rates.py); `net.faults`, `exchange(request)`: trouble on demand (faults.py, traffic.py);
- `OAuthServer`: consent, tokens, revocation (oauth.py), and what networks of one house share (google.py, meta.py, fields.py,
  containers.py);
- `read_params`, `read_json`, `pieces`, `app_of`: what a call says (bodies.py); `origin`: the address that it came by
  (addresses.py);
- `Stranger`, `TakesComments`, `TakesMessages`: what people without an account do (strangers.py);
- `Pages`, `PostView`, `Look`: pages (pages.py); `Ports`, `listen`: serving (server.py).

A handler takes what it needs of these, never the simulator. It refuses with `raise Refused(response)`, and wraps what
makes a post visible in `async with exchange(request).commit():`.
"""

from polypost.sandbox.local import on_loopback
from polypost.sandbox.simkit.accounts import Account, Code, CodeRefused, Token
from polypost.sandbox.simkit.addresses import origin
from polypost.sandbox.simkit.apps import App
from polypost.sandbox.simkit.bodies import (
    BadBody,
    Params,
    app_of,
    basic,
    bearer,
    pieces,
    read_json,
    read_params,
    read_text_params,
)
from polypost.sandbox.simkit.content import Document, Media, SimPost, media_of, sim_post
from polypost.sandbox.simkit.faults import FAULTS, Fault, Faults
from polypost.sandbox.simkit.gate import Caller, Gate
from polypost.sandbox.simkit.network import Network
from polypost.sandbox.simkit.numbers import Number
from polypost.sandbox.simkit.oauth import Asked, Consent, OAuthServer
from polypost.sandbox.simkit.pages import Controls, Look, Pages, PostView, linkify
from polypost.sandbox.simkit.rates import ENFORCED, Bucket
from polypost.sandbox.simkit.server import Ports, listen
from polypost.sandbox.simkit.sketches import Sketch, of_author
from polypost.sandbox.simkit.stand_in import Handler, Simulator, always, each_path
from polypost.sandbox.simkit.store import Store
from polypost.sandbox.simkit.strangers import Stranger, TakesComments, TakesMessages
from polypost.sandbox.simkit.traffic import Dropped, Exchange, Refused, Wording, exchange

__all__ = [
    "ENFORCED", "FAULTS", "Account", "App", "Asked", "BadBody", "Bucket", "Caller", "Code", "CodeRefused", "Consent", "Controls",
    "Document", "Dropped", "Exchange", "Fault", "Faults", "Gate", "Handler", "Look", "Media", "Network",
    "Number", "OAuthServer", "Pages", "Params", "Ports", "PostView", "Refused", "SimPost", "Simulator", "Sketch",
    "Store", "Stranger", "TakesComments", "TakesMessages", "Token", "Wording", "always", "app_of", "basic",
    "bearer", "each_path", "exchange", "linkify", "listen", "media_of", "of_author", "on_loopback", "origin", "pieces", "read_json",
    "read_params", "read_text_params", "sim_post",
]  # fmt: skip
