"""A gateway that behaves, and misbehaves, like the real one."""
