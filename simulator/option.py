"""The options of a failure mode: typed, bounded, and read from text. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Options = Mapping[str, Any]

_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: its default gives the type; numbers have bounds, words may have choices."""

    default: bool | float | str
    least: float = 0.0
    most: float = 1e9
    choices: tuple[Any, ...] = ()

    def parse(self, name: str, value: Any) -> Any:
        """Give a value the type of the default; the control port has only text."""
        if isinstance(self.default, bool):
            return _truth(name, value)
        if self.choices:
            return self._choice(name, value)
        if isinstance(self.default, str):
            return _text(name, value)
        return self._number(name, value)

    def show(self, name: str) -> str:
        """Write the option as a person would look for it, the default first."""
        others = [str(choice) for choice in self.choices if choice != self.default]
        default = str(self.default).lower() if isinstance(self.default, bool) else self.default
        return f"{name}={'|'.join([str(default), *others])}"

    def _choice(self, name: str, value: Any) -> Any:
        for choice in self.choices:
            if str(value) == str(choice):
                return choice
        raise ValueError(f"{name} must be one of {', '.join(map(str, self.choices))}")

    def _number(self, name: str, value: Any) -> float:
        kind = type(self.default)
        try:
            number = float(kind(value))
        except (TypeError, ValueError, OverflowError):
            what = "a whole number" if kind is int else "a number"
            raise ValueError(f"{name} must be {what}") from None
        # Not a number is within no bounds.
        if not self.least <= number <= self.most:
            raise ValueError(f"{name} must be {self.least:g} to {self.most:g}")
        return int(number) if kind is int else number


# How fast a sequence runs: 0.01 makes seconds of minutes.
SCALE: Final = Option(default=1.0, least=1e-6, most=1e6)


def _truth(name: str, value: Any) -> bool:
    word = str(value).lower()
    if word not in _TRUTHS:
        raise ValueError(f"{name} must be true or false")
    return _TRUTHS[word]


def _text(name: str, value: Any) -> str:
    text = str(value)
    if not text.isprintable():
        raise ValueError(f"{name} must be one line of text")
    return text


def parse_options(owner: str, known: Mapping[str, Option], given: Options) -> Options:
    """Fill in what was not given; refuse what is not known."""
    strange = sorted(given.keys() - known.keys())
    if strange:
        names = ", ".join(known) or "none"
        raise ValueError(f"{owner} has no option {strange[0]} (options: {names})")
    return {
        name: option.parse(name, given.get(name, option.default)) for name, option in known.items()
    }
