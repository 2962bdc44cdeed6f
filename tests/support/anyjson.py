"""Any document a gateway could send: whatever JSON can say, and numbers at its edges."""

from __future__ import annotations

from hypothesis import strategies as st

NUMBERS = st.integers(-(10**99), 10**99) | st.floats(allow_nan=False, allow_infinity=False)
"""NaN, Infinity and longer integers are refused where documents are parsed."""
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
