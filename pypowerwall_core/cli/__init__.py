"""The command line: what a person at a terminal asks a Powerwall, and tells it.

Each command is a module with `add_arguments(parser)` and `run(arguments) -> int`; `main` lists
them. The module of a command is imported only when it is the one that was typed.
"""
