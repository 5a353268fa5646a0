"""Voila as the live page needs it: a kernel ends when its page is closed, and none outlives its page for long."""

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlparse

from tornado.web import HTTPError
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler

_IDLE_S, _LOOK_S = (
    120,
    30,
)  # A kernel without a page that has been idle for so long is ended; how often that is looked for.


class ShutdownHandler(VoilaShutdownKernelHandler):
    """Ends the kernel of a page that is closed.

    A page that goes away can only send a beacon, which carries no ``_xsrf``. Voila's own handler refuses it, and the
    kernel stays. Here the beacon must come from a page of this server instead, whose player must be known as ever.
    """

    def check_xsrf_cookie(self) -> None:
        """Refuse what no page of this server has sent."""
        origin = self.request.headers.get("Origin")
        if origin is None or urlparse(origin).netloc != self.request.headers.get("Host"):
            raise HTTPError(403)


class LivePage(Voila):
    """Voila whose closed pages leave no kernel behind."""

    name = Voila.name

    def init_handlers(self) -> list[Any]:
        """Voila's handlers, with one of ours for pages that are closed."""
        return [_ours(handler) for handler in cast("list[tuple[Any, ...]]", super().init_handlers())]


def _ours(handler: tuple[Any, ...]) -> tuple[Any, ...]:
    path, kind, *more = handler
    return (path, ShutdownHandler if kind is VoilaShutdownKernelHandler else kind, *more)


def culling(given: Sequence[str]) -> list[str]:
    """Options that end kernels whose pages went away without a word, as when a browser crashes.

    Parameters
    ----------
    given : sequence of str
        Options that are given already; those are left out.

    Returns
    -------
    list of str

    Examples
    --------
    >>> culling(["--MappingKernelManager.cull_interval=1"])
    ['--MappingKernelManager.cull_idle_timeout=120']
    """
    ours = {"cull_idle_timeout": _IDLE_S, "cull_interval": _LOOK_S}
    options = {f"--MappingKernelManager.{name}": value for name, value in ours.items()}
    named = [option.partition("=")[0] for option in given]
    return [f"{option}={value}" for option, value in options.items() if option not in named]
