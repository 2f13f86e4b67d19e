"""Schema versions, applied by `open_store`."""
