"""An alias that exists in the image only: `python3 -m pypowerwall` is our command line there.

No library: `import pypowerwall_core` is.
"""
