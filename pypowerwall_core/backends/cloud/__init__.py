"""Tesla's cloud: the documents of its owner API, and what a gateway would have said."""
