"""Commands over HTTP: who may give them, how they are read, and what is answered.

A request goes through body, fields, token and throttle; its row of routes/commands.py makes a
wish of it; the site's commander carries it out; answers tells what became of it.
"""
