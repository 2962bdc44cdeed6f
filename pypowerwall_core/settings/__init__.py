"""Settings that every program which reads a gateway shares, and how any setting is read."""
