"""What people paste: the address a login ended on, tokens, an e-mail address, a choice. Pure.

Whatever is pasted is a secret or may be one: no complaint repeats any of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, urlsplit

from .choice import EnergySite
from .tokenfacts import claims_of

MOST = 16_384
"""Longer texts are no address and no token."""
LINES_MOST = 8
"""An address is not broken into more."""
LEAST_TOKEN = 20
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z~]")
"""What a terminal puts around a paste."""
_ADDRESS = re.compile(r"(?:tesla|https?)://[^\s\"'<>`|]+", re.IGNORECASE)
_QUERY = re.compile(r"[^\s\"'<>`?]*\?(?=\S*code=)|(?=code=)|(?=state=)")
_CODE = re.compile(r"[A-Za-z0-9._~+/=-]{1,4096}")
_LABEL = re.compile(
    r"^[\"'{]*(?:(?:refresh|access)[_-]?token)?[\"']*[:=]*[\"']*(?:bearer)?", re.IGNORECASE
)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_EMAIL = re.compile(r"[^@\s\"<>]{1,128}@[^@\s\"<>]{1,128}")
ACCESS, REFRESH = "access", "refresh"


@dataclass(frozen=True, slots=True)
class Code:
    """What a login gave.

    Attributes:
        code: To be exchanged for tokens, once, within minutes.
        issuer: Which login gave it; "" where it does not tell.
    """

    code: str = field(repr=False)
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why something pasted cannot be used.

    Attributes:
        kind: One word.
        says: For the person who pasted it.
    """

    kind: str
    says: str


_AGAIN = "Open the address above, log in, and paste the address you end on."
_COMPLAINTS = {
    one.kind: one
    for one in (
        # The most telling first: where a text has several addresses, this one is answered.
        Complaint(
            "cancelled",
            "The login was cancelled in the browser. Open the address above again and finish it.",
        ),
        Complaint(
            "refused", "Tesla's login ended with an error instead of a code. Log in once more."
        ),
        Complaint(
            "old",
            "That address belongs to another attempt to log in, maybe an earlier one. Open the "
            "address above, which is new, and paste the address that this login ends on.",
        ),
        Complaint(
            "cut",
            "That address is cut off: its end is missing. Copy all of it, up to its end.",
        ),
        Complaint(
            "no code", "That address has no code in it. Copy all of it, also what is behind the ?."
        ),
        Complaint(
            "to open",
            "That is the address to open, not the one you end on. Log in there first, then paste "
            "the one that begins with tesla://auth/callback.",
        ),
        Complaint(
            "on the way",
            "That page of Tesla's is on the way. Finish the login; then comes an address that "
            "begins with tesla://auth/callback and may show as an error or an empty page.",
        ),
        Complaint("elsewhere", f"That is an address of somebody else. {_AGAIN}"),
        Complaint("broken", f"That address cannot be read. {_AGAIN}"),
        Complaint(
            "code alone",
            "That looks like the code alone. Paste the whole address: the rest of it tells that "
            "it belongs to this login.",
        ),
        Complaint("too long", f"That is too long to be an address. {_AGAIN}"),
        Complaint("no address", f"That is no address. {_AGAIN}"),
        Complaint("empty", f"Nothing was pasted. {_AGAIN}"),
    )
}
_RANK = list(_COMPLAINTS)


def judge(pasted: str, state: str, hosts: Collection[str]) -> Code | Complaint:
    """Return the code in what somebody pasted after a login, or what is wrong with it.

    Args:
        pasted: The address, or any text around it; line breaks of a mail among it do no harm.
        state: What this attempt to log in began with.
        hosts: The logins there are, as HOST or HOST:PORT.
    """
    if len(pasted) > MOST:
        return _COMPLAINTS["too long"]
    text = _readable(pasted).replace("&amp;", "&")
    if not text.strip():
        return _COMPLAINTS["empty"]
    verdicts = [_verdict(address, state, hosts) for address in _addresses(text)]
    good = next((one for one in verdicts if isinstance(one, Code)), None)
    kinds = {one.kind for one in verdicts if isinstance(one, Complaint)}
    worst = next((kind for kind in _RANK if kind in kinds), _without_address(text))
    return good or _COMPLAINTS[worst]


def judge_last(pasted: Sequence[str], state: str, hosts: Collection[str]) -> Code | Complaint:
    """Return the verdict on the last of several pastes, or the code that it completes.

    Mails break long lines, and each may come as a paste of its own.
    """
    for begin in range(len(pasted) - 1, max(-1, len(pasted) - 1 - LINES_MOST), -1):
        found = judge("\n".join(pasted[begin:]), state, hosts)
        if isinstance(found, Code):
            return found
    return judge(pasted[-1], state, hosts)


def _readable(text: str) -> str:
    """Drop what nobody sees: escapes of the terminal, and letters without width."""
    return "".join(
        letter if letter.isprintable() else " " if letter.isspace() else ""
        for letter in _ESCAPES.sub("", text)
    )


def _addresses(text: str) -> Iterator[str]:
    """List what may be meant: as it stands, and with the line breaks of a mail taken out."""
    joined = "".join(text.split())
    for version in (text, joined):
        found = _ADDRESS.findall(version)
        yield from (address.rstrip(".,;:)]}") for address in found)
        if not found and "code=" in version:
            yield "tesla://auth/callback?" + _QUERY.sub("", version.strip("\"' "), count=1)


def _without_address(text: str) -> str:
    joined = "".join(text.split()).strip("\"'")
    is_code = len(joined) >= LEAST_TOKEN and _CODE.fullmatch(joined) and "." not in joined
    return "code alone" if is_code else "no address"


def _verdict(address: str, state: str, hosts: Collection[str]) -> Code | Complaint:
    try:
        parts = urlsplit(address)
        query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return _COMPLAINTS["broken"]
    if (kind := _place(parts, hosts)) != "callback":
        return _COMPLAINTS[kind]
    if any(len(set(query.get(name, ()))) > 1 for name in ("code", "state", "error")):
        return _COMPLAINTS["broken"]
    told = {name: values[0] for name, values in query.items()}
    kind = _trouble(told, state)
    return _COMPLAINTS[kind] if kind else Code(told["code"], told.get("issuer", ""))


def _place(parts: SplitResult, hosts: Collection[str]) -> str:
    """Say where an address leads: to the end of a login, on the way there, or elsewhere."""
    host = parts.netloc.lower()
    if (parts.scheme, host, parts.path.rstrip("/")) == ("tesla", "auth", "/callback"):
        return "callback"
    is_ours = host in hosts or host.endswith((".tesla.com", ".tesla.cn"))
    if parts.scheme != "https" or not is_ours:
        return "elsewhere"
    if parts.path.rstrip("/") == "/void/callback":
        return "callback"
    return "to open" if parts.path.endswith("/authorize") else "on the way"


def _trouble(told: dict[str, str], state: str) -> str:
    """Say what is wrong with the end of a login; "" where all is well."""
    given, code = told.get("state", ""), told.get("code", "")
    if "error" in told:
        return "cancelled" if "cancel" in told["error"] else "refused"
    if not code:
        return "no code"
    if given != state:
        return "cut" if state.startswith(given) else "old"
    return "" if _CODE.fullmatch(code) else "broken"


# -- the rest ------------------------------------------------------------------------------


def judge_token(pasted: str, kind: str) -> str | Complaint:
    """Return the token in what somebody pasted, "" where that is nothing.

    Args:
        pasted: The token, maybe in lines, in quotes, or behind its name.
        kind: access or refresh, which are mistaken for each other.
    """
    if len(pasted) > MOST:
        return Complaint("too long", "That is too long to be a token.")
    joined = "".join(_readable(pasted).split())
    if _ADDRESS.match(joined):
        return Complaint("address", "That is an address. A token is wanted here, letters only.")
    bare = _LABEL.sub("", joined, count=1).strip("\"',;}")
    if not bare:
        return ""
    if not _TOKEN.fullmatch(bare) or len(bare) < LEAST_TOKEN:
        return Complaint("no token", "That is no token. Copy all of it, and nothing around it.")
    return bare if kind == _kind(bare, kind) else _SWAPPED[kind]


_SWAPPED = {
    REFRESH: Complaint("swapped", "That is an access token. The refresh token is asked for."),
    ACCESS: Complaint("swapped", "That is no access token: those begin with ey and have two dots."),
}


def _kind(token: str, wanted: str) -> str:
    claims = claims_of(token)
    if not claims:
        return REFRESH
    audience = claims.get("aud")
    is_for_data = any("owner-api" in str(one) for one in audience or ())
    # Refresh tokens of the older kind are JWTs as well, for the login only.
    return ACCESS if is_for_data or wanted == ACCESS else REFRESH


def judge_email(typed: str) -> str | Complaint:
    """Return the e-mail address that somebody typed."""
    bare = "".join(_readable(typed).split()).strip("<>\"',;").removeprefix("mailto:")
    if _EMAIL.fullmatch(bare):
        return bare
    return Complaint("no e-mail", "That is no e-mail address, such as name@example.com.")


def pick(typed: str, sites: Sequence[EnergySite]) -> EnergySite | Complaint:
    """Return the site that somebody typed: its place in the list, its number or its name."""
    bare = " ".join(_readable(typed[:MOST]).split()).strip("\"'.)(#")
    by_place = {f"{place}": site for place, site in enumerate(sites, 1)}
    by_id = {f"{site.id}": site for site in sites}
    named = [site for site in sites if site.name and site.name.lower() == bare.lower()]
    found = by_id.get(bare) or by_place.get(bare) or (named[0] if len(named) == 1 else None)
    return found or Complaint(
        "no site", f"There is no such site. Type a number, 1 to {len(sites)}."
    )
