"""The gateway on the home network: HTTPS, one customer session."""
