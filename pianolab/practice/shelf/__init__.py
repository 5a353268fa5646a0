"""The library as a page on this machine: what is in it, upload, search, changes, and each score as it is written."""

from pianolab.practice.shelf.server import ShelfServer, shelf_routes

__all__ = ["ShelfServer", "shelf_routes"]
