"""The history of the site's tables, one numbered file per change."""
