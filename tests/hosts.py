"""Hosts driven by hand: one window, with the bundles of its mail."""

from __future__ import annotations

from collections.abc import Sequence

from actors.host import StageHost
from actors.wire import Bundle
from credit.subsystem import Window


def step(host: StageHost, window: Window, bundles: Sequence[Bundle] = ()) -> list[Bundle]:
    """One window; a bundle a destination, in the order of `Flow.destinations`."""
    parcels, _ = host.step([window], [((window.number, bundle),) for bundle in bundles])
    return [bundle for parcel in parcels for bundle in (dict(parcel).get(window.number, ()),)]
