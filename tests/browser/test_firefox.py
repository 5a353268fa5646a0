"""The live view in Debian's Firefox: one click, and the keys of a melody are lit by their names.

Needs Firefox and PulseAudio (`make test-browser`); see `browser.firefox`. The server is a real Voila; no request may
leave the machine.
"""

import time

import numpy as np
import pytest
from browser.firefox import FirefoxPage, firefox, sound_server
from browser.harness import server, write_notebook

from pianolab import sound
from pianolab.piano import render
from pianolab.roll import Notes

pytestmark = pytest.mark.browser

SR = 44100
NAMES = ["C4", "E4", "G4", "C5", "A4", "F4"]
MELODY = Notes(0.9 + 0.5 * np.arange(6), 1.35 + 0.5 * np.arange(6), [60, 64, 67, 72, 69, 65])
WIDGET = "from pianolab.live import Microphone\nm = Microphone('fft_peak', folder='takes')\nm"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("firefox")
    sound.write(folder / "melody.wav", 0.7 * render(MELODY, sr=SR, tail_s=2.0), sr=SR)
    write_notebook(folder / "widget.ipynb", WIDGET)
    return folder


@pytest.fixture(scope="module")
def voila(folder):
    with server("voila", folder) as address:
        yield address


def heard(voila, folder, sr):
    """One click and a melody: the notes in the list, the keys lit when each came, and the name of the take."""
    with sound_server(sr=sr) as sounds, firefox(sound=sounds) as bidi:
        page = FirefoxPage(bidi, voila).open("widget.ipynb")
        assert page.tracks() == []  # nothing is captured before the click
        page.start()
        assert f"at {sr} Hz" in page.evaluate("document.querySelector('.pl-rate').textContent")
        page.wait("window.seen.blocks.length > 0")
        sounds.play(folder / "melody.wav")
        page.wait(f"window.seen.lines.length >= {len(NAMES)}")
        time.sleep(0.7)
        page.stop()
        assert page.tracks() == ["ended"]
        assert page.trouble() == []
        assert page.outside == []
        return page.notes(), page.lit(), page.text(".pl-take-name")


@pytest.mark.parametrize("sr", [16000, 44100, 48000, 96000])
def test_one_click_and_the_keys_of_a_melody_are_lit(voila, folder, sr):
    names, lit, take = heard(voila, folder, sr)
    if names != NAMES:  # On a busy machine the sound server may crackle, and a crackle is a stroke.
        names, lit, take = heard(voila, folder, sr)
    assert names == NAMES
    assert lit == [[name] for name in NAMES]
    assert f"{len(NAMES)} notes" in take


def test_without_a_sound_output_it_is_named_and_start_works_again(voila):
    with firefox() as bidi:
        page = FirefoxPage(bidi, voila).open("widget.ipynb")
        page.click(".pl-start")
        began = time.monotonic()
        page.wait("!!document.querySelector('.pl-alert')", timeout_s=20)
        assert time.monotonic() - began < 8
        assert page.trouble() == ["nosound"]
        page.wait_state("ready")
        assert not page.evaluate("document.querySelector('.pl-start').disabled")
        assert page.tracks() == []  # the microphone was not asked for
