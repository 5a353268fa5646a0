"""A detector says all that it was given, however it was made."""

import copy
import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from pianolab.compare.fingerprints import detector_facts, estimate_key
from pianolab.detector import Detector, DetectorError, parameters
from pianolab.detectors.yin import Yin
from pianolab.registry import _coerce, create, load_all, missing

TOYS = Path(__file__).with_name("toy_detectors.py")
DETECTORS = load_all()[0]


class Base(Detector):
    name = "base"

    def __init__(self, *, width: int = 3, colour: Literal["red", "blue"] = "red"):
        self.width, self.colour = width, colour


class Wider(Base):
    """Hands on what it does not know."""

    def __init__(self, *, height: float = 1.0, **others):
        super().__init__(**others)
        self.height = height


class Fixed(Base):
    """Decides for its base."""

    def __init__(self, *, depth=1):
        super().__init__(width=7)
        self.depth = depth


class Heir(Wider):
    """Has no constructor of its own."""


def another(parameter):
    """A value that the parameter allows and that is not its default; None where that cannot be told."""
    if parameter.choices:
        return next(choice for choice in reversed(parameter.choices) if choice != parameter.default)
    if parameter.kind is bool:
        return not parameter.default
    return None if parameter.default is None or parameter.kind not in (int, float) else 2 * parameter.default


SETTINGS = [
    (name, key, value)
    for name, cls in DETECTORS.items()
    for key, value in ((key, another(parameter)) for key, parameter in parameters(cls).items())
    if value is not None
]


def key_of(detector):
    return estimate_key(facts=detector_facts(detector), audio_checksum="ab", seconds=None, source="cd")


def test_every_detector_with_a_parameter_is_asked():
    assert {name for name, _, _ in SETTINGS} == {name for name, cls in DETECTORS.items() if parameters(cls)}


@pytest.mark.parametrize(("name", "key", "value"), SETTINGS)
def test_a_setting_shows_whichever_way_it_came(name, key, value):
    cls = DETECTORS[name]
    if missing(cls):
        pytest.skip(missing(cls))
    plain, built, made = cls(), cls(**{key: value}), create(f"{name}:{key}={value}")
    assert built.params == made.params == {key: value}
    assert repr(built) == repr(made) == built.spec == f"{name}:{key}={value}"
    assert key_of(built) == key_of(made)
    assert repr(plain) == name
    assert plain.params == {}
    assert key_of(built) != key_of(plain)


@pytest.mark.parametrize("value", [1.0, 1, np.float32(1), np.int64(1)])
def test_a_default_written_out_is_no_setting(value):
    assert Wider(height=value).params == {}
    assert Wider(height=value + 1).params == {"height": 2.0}
    assert key_of(Wider(height=value + 1)) == key_of(Wider(height=2.0))


def test_settings_stand_in_the_order_in_which_the_class_declares_them():
    assert repr(Yin(silence_db=-40, threshold=0.2)) == repr(Yin(threshold=0.2, silence_db=-40.0))
    assert repr(Yin(silence_db=-40, threshold=0.2)) == "yin:threshold=0.2,silence_db=-40.0"


def test_a_subclass_shows_what_its_caller_gave_and_not_what_it_hands_on():
    assert Fixed().params == {}
    assert Fixed(depth=2).params == {"depth": 2}
    assert repr(Fixed(depth=2)) == "Fixed:depth=2"
    assert repr(Heir(width=4, height=2)) == "Heir:height=2.0,width=4"
    assert parameters(Heir)["colour"].choices == ("red", "blue")


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_the_same_detector(duplicate):
    assert repr(duplicate(Wider(width=4, height=2))) == repr(Wider(width=4, height=2))


def test_a_setting_that_no_constructor_takes_is_refused():
    class Bare(Detector):
        pass

    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        Bare(depth=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        Heir(depth=1)


def test_a_class_whose_settings_would_be_lost_is_refused():
    class Placed(Detector):
        def __init__(self, scale=1.0):
            self.scale = scale

    @dataclass
    class Made(Detector):
        scale: float = 1.0

    for cls in (Placed, Made):
        with pytest.raises(DetectorError, match=r"takes scale by place: write a \* before it"):
            cls(scale=3.0)


@pytest.mark.parametrize("text", [" a", "a "])
def test_text_with_outer_blanks_cannot_be_written_as_spec(text):
    with pytest.raises(DetectorError, match="cannot be written as text: hand over the detector"):
        create(f"{TOYS}:Loudest", log=text).spec  # noqa: B018


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", np.inf])
def test_a_setting_without_an_end_is_refused(value):
    with pytest.raises(DetectorError, match=r"yin:threshold=.*: give a finite number"):
        create("yin", threshold=value)


def test_a_setting_whose_default_is_infinite_may_be_infinite():
    class Endless(Detector):
        def __init__(self, *, most: float = math.inf):
            self.most = most

    assert _coerce("-inf", parameters(Endless)["most"], "endless") == -math.inf


def test_spec_text_of_a_class_in_a_file_makes_it_again():
    one = create(f"{TOYS}:Loudest:scale=0.5")
    assert one.spec == f"{TOYS}:Loudest:scale=0.5"
    again = create(one.spec)
    assert type(again) is type(one)
    assert again.params == one.params == {"scale": 0.5}
    assert Heir(width=5).spec == f"{__file__}:Heir:width=5"


def test_what_cannot_be_said_in_text_is_refused():
    class Local(Detector):
        pass

    with pytest.raises(DetectorError, match="Local stands in no file that can be imported"):
        Local().spec  # noqa: B018
    with pytest.raises(DetectorError, match="width=array"):
        Base(width=np.zeros(2)).spec  # noqa: B018
    with pytest.raises(DetectorError, match=r"log='a,b'.* cannot be written as text"):
        create(f"{TOYS}:Loudest", log="a,b").spec  # noqa: B018


CHOICES = [
    (name, key, parameter.choices)
    for name, cls in DETECTORS.items()
    for key, parameter in parameters(cls).items()
    if parameter.choices
]


@pytest.mark.parametrize(("name", "key", "choices"), CHOICES)
def test_a_constructor_takes_no_other_choice_than_text_does(name, key, choices):
    for value in ("bogus", None):
        with pytest.raises(DetectorError, match=f"^{name}:{key}={value} is not a choice: use {choices[0]} or"):
            DETECTORS[name](**{key: value})
    with pytest.raises(DetectorError, match=f"^{name}:{key}={choices[0]}x is not a choice: (did you mean|use)"):
        DETECTORS[name](**{key: f"{choices[0]}x"})


NUMBERS = [
    (name, key, parameter.kind)
    for name, cls in DETECTORS.items()
    for key, parameter in parameters(cls).items()
    if parameter.kind in (int, float) and not parameter.choices
]


@pytest.mark.parametrize(("name", "key", "kind"), NUMBERS)
def test_what_is_no_number_of_the_kind_is_refused_before_any_sound(name, key, kind):
    for value in ("many", float("nan"), np.float32("nan"), *([512.0, np.float64(0.5)] if kind is int else [])):
        with pytest.raises(DetectorError, match=f"^{name}:{key}={value}: give a (whole )?number"):
            DETECTORS[name](**{key: value})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("fft_peak:n_detunings=0", "n_detunings 0 cannot be used: give a number from 1 to 15"),
        ("fft_peak:n_partials=0", "n_partials 0 cannot be used: give a number from 1 to 100"),
        ("fft_peak:gate=2", "gate 2.0 cannot be used: give a number from 0 to 1"),
        ("fft_peak:floor=inf", "floor=inf: give a finite number"),
        ("cqt:n_detunings=0", "n_detunings 0 cannot be used: give a number from 1 to 15"),
        ("cqt:n_harmonics=0", "n_harmonics 0 cannot be used: give a number from 1 to 100"),
        ("cqt:negative=-1", "negative -1.0 cannot be used: give a number from 0 to 100"),
        ("nmf:n_iterations=0", "n_iterations 0 cannot be used: give a number from 1 to 1000"),
        ("yin:threshold=-1", "threshold -1.0 cannot be used: give a number from 0 to 1"),
        ("yin:preset=aubio,threshold=2", "threshold 2.0 cannot be used: give a number from 0 to 1"),
        ("yin:octave_cost=inf", "octave_cost=inf: give a finite number"),
    ],
)
def test_a_number_that_lets_nothing_be_heard_is_refused(spec, message):
    with pytest.raises(DetectorError, match=message):
        create(spec)


@pytest.mark.parametrize(
    ("spec", "ignored"),
    [
        ("yin:preset=aubio", ("registers=True", "newest_first=True", "stretched=True", "octave_cost=2")),
        ("cqt:preset=textbook", ("n_harmonics=6", "negative=0", "stretched=True", "compress=True")),
        ("fft_peak:preset=textbook", ("negative=1", "n_detunings=5", "inharmonic=True", "floor=1", "compress=True")),
        ("fft_peak:registers=True", ("frame_length=8192",)),
        ("yin:registers=True", ("frame_length=4096",)),
        ("yin:threshold=0.2", ("octave_cost=2",)),
    ],
)
def test_a_setting_that_changes_nothing_is_refused(spec, ignored):
    for setting in ignored:
        key = setting.partition("=")[0]
        with pytest.raises(DetectorError, match=f"{key} changes nothing beside .*=.*: leave {key} out"):
            create(f"{spec},{setting}")
