"""A real Firefox whose microphone is a sound server of the test's own. Both are Debian's, and no driver is needed.

Playwright cannot drive Debian's Firefox, but Firefox speaks WebDriver BiDi by itself, and the few words of it that a
test needs are below. PulseAudio plays a WAV file into a sink that is no sound card; what goes in is the microphone.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import websocket
from browser.driven import Driven, ended, until
from browser.harness import OURS, TOKEN, WATCH, free_port

FIREFOX = next((path for path in map(shutil.which, ("firefox-esr", "firefox")) if path), None)
START_S = 60
# Nobody is asked, nothing is said at first start, and nothing leaves the machine: what is not local goes to a proxy
# that is not there.
PREFS = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.disable_beforeunload": True,
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "data:,",
}


def needed(program):
    """Its path. Without it the test is skipped, or fails where CI=true."""
    path = FIREFOX if program == "firefox" else shutil.which(program)
    if path is None:
        packages = "firefox-esr" if program == "firefox" else "pulseaudio pulseaudio-utils"
        missing = f"no {program} on the PATH: install {packages}"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return path


class SoundServer:
    """PulseAudio without sound cards: what is played is heard by its microphone, and nowhere else."""

    def __init__(self, folder):
        self.socket = folder / "sound"
        self.env = {
            **os.environ,
            "PULSE_SERVER": f"unix:{self.socket}",
            "PULSE_RUNTIME_PATH": str(folder / "pulse"),
            "PULSE_COOKIE": str(folder / "cookie"),
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        self.playing = []

    def play(self, wav):
        """Begin to play a file into the microphone."""
        command = [needed("paplay"), "--device=piano", str(wav)]
        self.playing.append(subprocess.Popen(command, env=self.env))

    def silence(self):
        for player in self.playing:
            player.kill()
            player.wait()
        self.playing = []


@contextlib.contextmanager
def sound_server(*, sr=44100):
    """A SoundServer whose microphone and loudspeaker run at this rate."""
    pulse, pactl = needed("pulseaudio"), needed("pactl")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = SoundServer(Path(folder))
        (Path(folder) / "pulse").mkdir(mode=0o700)
        modules = [
            f"module-native-protocol-unix socket={server.socket} auth-anonymous=1",
            f"module-null-sink sink_name=piano rate={sr} channels=1",
            f"module-null-sink sink_name=loudspeaker rate={sr}",
            f"module-remap-source source_name=microphone master=piano.monitor rate={sr} channels=1",
        ]
        command = [pulse, "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]
        command += [f"--load={module}" for module in modules]
        output = Path(folder) / "pulseaudio.out"
        with ended(command, env=server.env, output=output):
            for chosen in (("set-default-sink", "loudspeaker"), ("set-default-source", "microphone")):
                until(
                    lambda chosen=chosen: subprocess.run([pactl, *chosen], env=server.env, capture_output=True),
                    lambda done: done.returncode == 0,
                    what=f"the sound server: {output.read_text()[-1000:]}",
                )
            yield server
            server.silence()


@contextlib.contextmanager
def firefox(*, sound=None, prefs=None):
    """Firefox, over BiDi; ``sound`` is its SoundServer: without one it has neither microphone nor loudspeaker."""
    program = needed("firefox")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        profile = Path(folder) / "profile"
        profile.mkdir()
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in {**PREFS, **(prefs or {})}.items()]
        (profile / "user.js").write_text("\n".join(lines) + "\n")
        quiet = {"HOME": folder, "XDG_RUNTIME_DIR": folder, "PULSE_SERVER": f"unix:{folder}/none"}
        env = {**os.environ, **quiet, **(sound.env if sound else {}), "HOME": folder}
        port, output = free_port(), Path(folder) / "firefox.out"
        command = [program, "--headless", "--no-remote", "--profile", str(profile)]
        command += ["--remote-debugging-port", str(port), "about:blank"]
        with ended(command, env=env, output=output) as process:
            yield Bidi(_connect(port, process, output))


def _connect(port, process, output):
    def attempt():
        if process.poll() is not None:
            raise RuntimeError(f"Firefox ended: {output.read_text()[-2000:]}")
        with contextlib.suppress(OSError, websocket.WebSocketException):
            return websocket.create_connection(f"ws://127.0.0.1:{port}/session", timeout=60, suppress_origin=True)

    return until(attempt, timeout_s=START_S, what="Firefox")


class Bidi:
    """Commands to a browser, and what it told meanwhile."""

    def __init__(self, socket):
        self.socket, self.sent, self.events = socket, 0, []
        self.command("session.new", capabilities={})
        self.command("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])

    def command(self, method, **params):
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.sent:
                break
            self.events.append(message)
        if message["type"] == "error":
            raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
        return message["result"]


class FirefoxPage(Driven):
    """A page of Voila in Firefox, with the widget on it."""

    def __init__(self, bidi, address, *, scripts=()):
        self.bidi, self.address = bidi, address
        self.context = bidi.command("browsingContext.getTree")["contexts"][0]["context"]
        for script in (WATCH, *scripts):
            bidi.command("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}")

    def open(self, notebook):
        address = f"{self.address}/voila/render/{notebook}?token={TOKEN}"
        self.bidi.command("browsingContext.navigate", context=self.context, url=address, wait="none")
        self.wait_ready()
        return self

    def evaluate(self, expression):
        """What an expression of JavaScript is worth, or what its promise becomes."""
        code = f"(async () => JSON.stringify((await ({expression})) ?? null))()"
        target = {"context": self.context}
        answer = self.bidi.command("script.evaluate", expression=code, target=target, awaitPromise=True)
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def click(self, selector):
        """A click as a player does it: it counts as a gesture, which a page needs for its sound."""
        x, y = self.middle(selector)
        actions = [{"type": "pointerMove", "x": x, "y": y}]
        actions += [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        self.bidi.command("input.performActions", context=self.context, actions=[mouse])

    @property
    def outside(self):
        """Addresses beyond this machine that the page asked for."""
        sent = [e["params"]["request"]["url"] for e in self.bidi.events if e["method"] == "network.beforeRequestSent"]
        return [url for url in sent if not url.startswith(OURS)]

    @property
    def console(self):
        entries = [e["params"] for e in self.bidi.events if e["method"] == "log.entryAdded"]
        return [entry["text"] for entry in entries if entry["level"] == "error"]
