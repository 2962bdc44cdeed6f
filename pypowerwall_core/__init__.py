"""What a Powerwall says, asked gently, remembered honestly.

The core holds the road to a gateway (``lane``), the memory of what it said
(``memory``, ``snapshot``, ``site``) and the pure translation of its documents.
It knows nothing of HTTP servers: ``proxy`` is built on it, never the reverse.
"""
