"""Pages of the demo collaborative: server time and number of queries of every page that the menus reach."""

from __future__ import annotations

import argparse
import html
import logging
import re
import statistics
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve

from teams.enums import Role
from teams.models import Membership, User

LIMIT_MS = 100
ROUNDS = 5
_LINK = re.compile(r'<a[^>]*\shref="([^"#]+)')


def main() -> None:
    """Raises SystemExit with 1 where the middle of five requests takes a page longer than allowed."""
    parser = argparse.ArgumentParser(
        description=f"{__doc__} Loads the demo first where the database is empty."
    )
    parser.add_argument(
        "--clicks", type=int, default=2, help="how far from home pages are looked for"
    )
    parser.add_argument("--role", choices=Role.values, help="one role only")
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["*"]
    logging.disable(logging.WARNING)
    slow = 0
    call_command("prepare", demo=True)
    print("middle ms  least ms  queries  role, page")
    for role, user in list_people():
        if options.role not in (None, role):
            continue
        client = Client()
        client.force_login(user)
        for address in list_pages(client, clicks=options.clicks):
            times = sorted(cpu_ms(client, address) for _ in range(ROUNDS))
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            middle = statistics.median(times)
            slow += middle >= LIMIT_MS
            mark = "  over the limit" if middle >= LIMIT_MS else ""
            print(f"{middle:9.0f} {times[0]:9.0f} {len(queries):8}  {role}, {address}{mark}")
    print(f"{slow} pages take {LIMIT_MS} ms and more")
    sys.exit(slow > 0)


def list_people() -> Iterator[tuple[str, User]]:
    """One person of each role, the first by e-mail address."""
    for role in Role.values:
        held = Membership.objects.filter(role=role, ends_on=None, user__is_active=True)
        first = held.select_related("user").order_by("user__email").first()
        if first is not None:
            yield role, first.user


def list_pages(client: Client, *, clicks: int) -> list[str]:
    """An address of each page that links lead to from home, within so many clicks."""
    found: dict[str, str] = {}
    addresses = ["/"]
    for _ in range(clicks + 1):
        following: list[str] = []
        for address in addresses:
            try:
                name = resolve(urlsplit(address).path).view_name
            except Resolver404:
                continue
            if name in found:
                continue
            answer = client.get(address)
            if answer.status_code == 302:
                following.append(answer["Location"])
            if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
                continue
            found[name] = address
            links = _LINK.findall(answer.content.decode())
            following += [html.unescape(link) for link in links if link.startswith("/")]
        addresses = following
    return list(found.values())


def cpu_ms(client: Client, address: str) -> float:
    """Time of this process for one request; that of the database is not in it."""
    begun = time.process_time()
    client.get(address)
    return 1000 * (time.process_time() - begun)


if __name__ == "__main__":
    main()
