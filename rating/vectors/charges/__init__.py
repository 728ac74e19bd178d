"""Charge vectors: charges that are no calls, in the same form as calls; docs/charge-vectors.md."""

from rating.vectors.charges.answer import answer_charge_vector

__all__ = ["answer_charge_vector"]
