"""Why a request failed: what requests and urllib3 have wrapped, unpacked."""

from __future__ import annotations


def causes(error: BaseException | None) -> list[BaseException]:
    """Return an error and all that is behind it: arguments, reasons, causes and contexts."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        item = todo.pop()
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            todo += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found
