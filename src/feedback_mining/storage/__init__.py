"""Everything that is kept between runs, in one SQL database."""

from feedback_mining.storage.records import ImportCounts, ImportResult, Incoming, RefusedRow, SourceFile
from feedback_mining.storage.store import Store, open_store

__all__ = ["ImportCounts", "ImportResult", "Incoming", "RefusedRow", "SourceFile", "Store", "open_store"]
