"""The HTTP server: clients read what the core remembers."""
