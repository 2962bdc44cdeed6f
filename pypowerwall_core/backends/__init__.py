"""One folder per kind of upstream."""
