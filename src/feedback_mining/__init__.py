"""Turn user comments into a prioritised iteration backlog, week after week."""

__version__ = "0.1.0"

__all__ = ["__version__"]
