"""The first admin, made when a server with access control starts and there is nobody."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from api.access.access import Access
from api.access.actor import Actor
from monitor.domain.access import Role

NAME = "admin"
FILE = "first-admin"


def make_first_admin(access: Access, folder: Path) -> Path | None:
    """The file, readable by its owner only, that holds the random password of the user ``admin``, and is to
    be deleted; None where there are users. It is said nowhere else, least of all in a log."""
    if not access.enabled or len(access.users):
        return None
    password = secrets.token_urlsafe(24)
    path = folder / FILE
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")
        file.flush()
        os.fsync(file.fileno())
    access.users.put(NAME, Role.ADMIN, Actor("server"), password=password)
    return path
