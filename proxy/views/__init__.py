"""Pure functions from a snapshot to the shapes clients have always read."""
