"""A person who connects a Tesla account: a browser, and answers to questions."""

from __future__ import annotations

import http.client
import json
import re
import resource
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from pypowerwall_core.cli.cloudcheck import Report, examine
from pypowerwall_core.cli.onboarding import Onboarding, Wish
from pypowerwall_core.cli.person import NobodyThere
from pypowerwall_core.errors import PowerwallError
from pypowerwall_core.redact import Secrets
from pypowerwall_core.settings.cloud import CloudSettings, read_cloud
from simulator.cloud import CloudSimulator

Answer = str | Callable[[str], str]
_FORM = {"content-type": "application/x-www-form-urlencoded"}


class Script:
    """Answers in turn; a callable is given all that was said by then."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.said = ""
        self.unseen: list[str] = []

    def say(self, text: str) -> None:
        self.said += f"{text}\n"

    def ask(self, question: str) -> str:
        self.said += f"{question}\n"
        if not self._answers:
            raise NobodyThere
        answer = self._answers.pop(0)
        return answer if isinstance(answer, str) else answer(self.said)

    def ask_unseen(self, question: str) -> str:
        answer = self.ask(question)
        self.unseen.append(answer)
        return answer


class Browser:
    """Logs in where it is told to, and says where it ended."""

    def __init__(self, cloud: CloudSimulator) -> None:
        self._cloud = cloud
        self.ended: list[str] = []

    def __call__(self, said: str) -> str:
        address = re.findall(r"^https://\S+/authorize\?\S+$", said, re.MULTILINE)[-1]
        parts = urlsplit(address)
        trust = ssl.create_default_context(cadata=self._cloud.ca_pem)
        line = http.client.HTTPSConnection(parts.netloc, context=trust)
        form = urlencode({"identity": self._cloud.email, "credential": "any"})
        line.request("POST", f"{parts.path}?{parts.query}", form, _FORM)
        self.ended.append(line.getresponse().headers["location"])
        line.close()
        return self.ended[-1]

    @property
    def codes(self) -> list[str]:
        return re.findall(r"code=([^&]+)", " ".join(self.ended))


def environ(cloud: CloudSimulator, folder: Path, **more: str) -> dict[str, str]:
    """Settings under which the simulated cloud is Tesla's."""
    folder.mkdir(exist_ok=True)
    ca = folder / "ca.pem"
    ca.write_text(cloud.ca_pem, "ascii")
    return {
        "PW_CLOUD_SSO_URL": cloud.sso_url,
        "PW_CLOUD_API_URL": cloud.api_url,
        "PW_CLOUD_CA": str(ca),
        "PW_AUTH_PATH": str(folder / "auth"),
        **more,
    }


def stored(folder: Path) -> dict[str, Any]:
    """What is in the file of tokens."""
    document: dict[str, Any] = json.loads((folder / "auth/.pypowerwall.auth").read_text("utf-8"))
    return document


def tokens_of(account: Mapping[str, Any]) -> list[str]:
    """What must be shown to nobody."""
    names = ("access_token", "refresh_token", "id_token")
    return [account["sso"][name] for name in names if account["sso"].get(name)]


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow, not even root's."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Home:
    """A folder, its settings, and a person at them."""

    def __init__(self, cloud: CloudSimulator, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self.browser = Browser(cloud)
        self.person = Script()

    def settings(self, **more: str) -> CloudSettings:
        given = {"PW_TIMEOUT": "0.5", **more}
        return read_cloud(environ(self.cloud, self.folder, **given), {})

    def connect(self, *answers: Answer, wish: Wish | None = None, **more: str) -> str:
        self.person = Script(*answers)
        settings = self.settings(**more)
        Onboarding(self.person, wish or Wish(self.cloud.email), settings, Secrets()).run()
        return self.person.said

    def fail(self, *answers: Answer, wish: Wish | None = None, **more: str) -> PowerwallError:
        with pytest.raises(PowerwallError) as raised:
            self.connect(*answers, wish=wish, **more)
        return raised.value

    def check(self, **more: str) -> Report:
        return examine(self.settings(**more), Secrets(), environ={})

    def end_tokens(self) -> None:
        """Let the access tokens have ended an hour ago, as far as their file tells."""
        accounts = stored(self.folder)
        for account in accounts.values():
            account["sso"]["expires_at"] = time.time() - 3600
        self.file.write_text(json.dumps(accounts), "utf-8")

    @property
    def file(self) -> Path:
        return self.folder / "auth/.pypowerwall.auth"

    @property
    def files(self) -> list[str]:
        auth = self.folder / "auth"
        return sorted(path.name for path in auth.iterdir()) if auth.exists() else []

    @property
    def site(self) -> str:
        return (self.folder / "auth/.pypowerwall.site").read_text("ascii")

    @property
    def tokens(self) -> list[str]:
        return tokens_of(stored(self.folder)[self.cloud.email])
