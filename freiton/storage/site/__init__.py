"""Changing the site: one room for each kind of thing, joined by `SiteEdit`.

`add` refuses what exists, `put` makes it as described whether it exists or not, `change` refuses
what does not exist, `remove` takes away with all that belongs to it. Nothing here commits: the
transaction is the caller's.
"""
