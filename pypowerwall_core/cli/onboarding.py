"""How a person connects a Tesla account: what is asked, in its order, and what is stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pypowerwall_core.backends.cloud.choice import NOBODY, EnergySite, sites_of
from pypowerwall_core.backends.cloud.files import Account, TokenFile, store_site
from pypowerwall_core.backends.cloud.pasted import Complaint, judge_email
from pypowerwall_core.backends.cloud.reach import checked_authorities, reach
from pypowerwall_core.backends.cloud.reader import LANGUAGE, PRODUCTS_PATH, SITE_PATH
from pypowerwall_core.backends.cloud.regions import REGIONS, region_of
from pypowerwall_core.backends.cloud.session import CloudSession, Servers
from pypowerwall_core.backends.cloud.storing import storable
from pypowerwall_core.backends.cloud.tokenfacts import email_of_token
from pypowerwall_core.errors import BadSetting, PowerwallError
from pypowerwall_core.redact import Secrets
from pypowerwall_core.settings.cloud import CloudSettings

from .cloudwords import DATA, in_words, now
from .person import TRIES, Person
from .signing import Signing
from .sitechoice import choose_site


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed with the command.

    Attributes:
        email: "" is to be asked for.
        region: us or cn; "" is that of the stored account.
        site: Place in the list, number or name; "" is to be asked for.
        headless: Tokens are pasted, instead of the address of a login.
    """

    email: str = ""
    region: str = ""
    site: str = ""
    headless: bool = False


@dataclass(slots=True)
class Onboarding:
    """Connects one account."""

    person: Person
    wish: Wish
    settings: CloudSettings
    secrets: Secrets
    clock: Callable[[], float] = time.time
    _stored: dict[str, Account] = field(default_factory=dict)

    def run(self) -> None:
        """Ask, log in, store, and show that it works.

        Raises:
            BadSetting: It cannot begin with these settings.
            PowerwallError: It did not work; its remedy is for the person.
        """
        self._stored = storable(self.settings.folder)
        email = self._email()
        servers = self._servers(email)
        self._reach(servers)
        signing = Signing(
            self.person,
            email,
            servers,
            self.secrets,
            self.settings.timeout_s,
            self.clock,
            lambda account: self._store(email, account),
        )
        email = signing.with_tokens() if self.wish.headless else signing.with_browser()
        try:
            self._finish(email)
        except BadSetting:
            raise
        except PowerwallError as error:
            said = in_words(error, DATA)
            stored = f"the tokens are stored in {self._tokens.path}, but {said}"
            raise PowerwallError(stored, remedy=said.remedy) from error

    @property
    def _tokens(self) -> TokenFile:
        return TokenFile(self.settings.folder)

    # -- before the login ------------------------------------------------------------------

    def _email(self) -> str:
        if self.wish.email:
            email = judge_email(self.wish.email)
            if isinstance(email, Complaint):
                raise BadSetting(f"-email: {email.says}")
            return self._as_stored(email)
        known = [self.settings.email, *self._stored]
        default = next((one for one in known if one and one != NOBODY), "")
        shown = f" [{default}]" if default else ""
        for _ in range(TRIES):
            typed = self.person.ask(f"E-mail address of the Tesla account{shown}: ")
            email = judge_email(typed if typed.strip() else default)
            if isinstance(email, str):
                return self._as_stored(email)
            self.person.say(email.says)
        raise PowerwallError("no e-mail address was given")

    def _as_stored(self, email: str) -> str:
        """Return an address as the file has it: in other letters it would be stored twice."""
        return next((one for one in self._stored if one.lower() == email.lower()), email)

    def _servers(self, email: str) -> Servers:
        """Return where to log in, and where the data is."""
        stored = str(self._stored.get(email, {}).get("url") or "")
        region = REGIONS[self.wish.region or region_of(stored)]
        servers = self.settings.servers(region.sso)
        return Servers(servers.sso or region.sso, servers.api, servers.ca_file)

    def _reach(self, servers: Servers) -> None:
        """See to it that nobody logs in for nothing."""
        checked_authorities(servers.ca_file)
        for name, url in (("login", servers.sso), ("data", servers.api)):
            seen = reach(url, ca_file=servers.ca_file, timeout_s=self.settings.timeout_s)
            if (trouble := seen.trouble) is not None:
                raise PowerwallError(
                    f"Tesla's {name} server {seen.host} cannot be reached: {trouble.says}. "
                    "Nobody was logged in",
                    remedy=trouble.remedy,
                )

    # -- after the login -------------------------------------------------------------------

    def _store(self, email: str, account: Account) -> str:
        """Store an account; return whose it is, which Tesla knows better than who typed it."""
        told = judge_email(email_of_token(account["sso"].get("id_token") or ""))
        if isinstance(told, str) and told.lower() != email.lower():
            self.person.say(f"Tesla logged in {told}, so that is whose tokens are stored.")
            email = self._as_stored(told)
        try:
            self._tokens.save(email, account)
        except OSError as error:
            raise BadSetting(
                f"PW_AUTH_PATH: the login worked, but {self._tokens.path} cannot be written: "
                f"{error.strerror}. What was there before is as it was; mend it and log in again"
            ) from error
        return email

    def _finish(self, email: str) -> None:
        account = self._tokens.load().get(email, {})
        servers = self.settings.servers(str(account.get("url") or ""))
        session = CloudSession(
            email, self._tokens, servers, self.secrets, self.settings.timeout_s, self.clock
        )
        try:
            sites = sites_of(session.get(PRODUCTS_PATH))
            wanted, folder = self.settings.site_id, self.settings.folder
            site = choose_site(self.person, sites, self.wish.site, wanted, folder)
            try:
                store_site(folder, site.id)
            except OSError as error:
                raise BadSetting(
                    f"PW_AUTH_PATH: the site is not stored: {error.strerror}"
                ) from error
            path = SITE_PATH.format(id=site.id, call="live_status")
            self.person.say(f"Now: {now(session.get(path, LANGUAGE))}")
        finally:
            session.close()
        self._say_what_counts(email, site)

    def _say_what_counts(self, email: str, site: EnergySite) -> None:
        """Say which settings are in the way of what was chosen."""
        wanted = self.settings.email
        first = next(iter(self._tokens.load()), email)
        used = first if wanted in ("", NOBODY) else wanted
        if used.lower() != email.lower():
            self.person.say(f"Set PW_EMAIL to {email}: without it another account is used.")
        if self.settings.site_id not in ("", f"{site.id}"):
            self.person.say(f"PW_SITEID is {self.settings.site_id}, which counts more: mend it.")
        self.person.say(
            f"Done: stored in {self.settings.folder.absolute()}. `powerwall setup -check` tells "
            "how it is later on."
        )
