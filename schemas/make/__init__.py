"""Makes the sets of manifest schemas under `schemas/` from pinned sources; run by `make schemas`."""
