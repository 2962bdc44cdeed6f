"""/openapi.json: the tables of routes and commands as an OpenAPI 3.1 document.

What an answer looks like is not typed here: examples and schemas come from simulated systems
(samples.json, written by `make golden`), everything else from the rows and the settings.
"""

from .document import document
from .told import samples

__all__ = ["document", "samples"]
