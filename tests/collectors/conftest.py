"""The PostgreSQL of the store's tests, of our own."""

from tests.store.conftest import postgres

__all__ = ["postgres"]
