"""A detector says all that it was given, however it was made."""

import copy
import pickle
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from pianolab.compare.cache import estimate_key
from pianolab.detector import Detector, DetectorError, parameters
from pianolab.detectors.yin import Yin
from pianolab.registry import create, load_all, missing

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
    return estimate_key(detector=detector, audio_checksum="ab", seconds=None, source="cd")


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
