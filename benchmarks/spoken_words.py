"""How well spoken digits of real people are recognised who were left out of all that is learnt (notebook 12).

    python benchmarks/spoken_words.py "$DIGITS"
    python benchmarks/spoken_words.py "$DIGITS" --method dtw --words-a-speaker 50

$DIGITS is a folder of recordings named as in the Free Spoken Digit Dataset, ``<digit>_<speaker>_<n>.wav``
(CC BY-SA 4.0; nothing of it is kept). Each speaker in turn is left out; the others, and voices of espeak-ng where it is
installed, are what is learnt from. Of the one left out only mean and spread are taken, over all that he says, without
knowing what. Methods:

- ``plain``: MFCC and dynamic time warping, as the notebook has them.
- ``dtw``: the same on MFCCs of nine frames, turned and scaled so that what differs between words weighs more than what
  differs between speakers (linear discriminant analysis; Haeb-Umbach and Ney 1992).
- ``cnn_lstm``, ``cnn_1d``: the notebook's networks (PyTorch).
- ``pocketsphinx``: a full recogniser with a grammar of ten words (the package pocketsphinx); it learns nothing here.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import librosa
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from pianolab import sound
from pianolab.errors import reason
from pianolab.lessons import speech, speech_network, sphinx
from pianolab.piano import espeak

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NAME = re.compile(r"(\d)_([A-Za-z]+)_(\d+)\.wav")
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-029", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-gb-x-gbclan")
VARIANTS = """
m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 klatt klatt2 klatt3 klatt4 klatt5 klatt6 Andy Annie Alex Alicia Andrea Gene Gene2
Denis Diogo Jacky Lee linda steph steph2 Mario Max michel miguel norbert pablo paul pedro quincy rob robert sandro
shelby travis victor zac belinda anika boris caleb david edward grandma grandpa Henrique Hugo john kaukovalta Michael
marcelo Storm aunty antonio adam benjamin ed Marco
""".split()  # noqa: SIM905
ACCENTS_EACH = 2
QUIET_DB = 40.0  # espeak-ng puts silence around a word; the recordings have none.
# Chosen on a sixth of these recordings, because there are no other speakers.
N_CONTEXT, N_PARTS, N_DIMS = 4, 4, 12
N_TEMPLATES, N_VOICES = 8, 30  # Of a digit: from each real speaker, and from espeak-ng.
EPOCHS, NETWORK_VOICES = 20, 70  # More voices of a program drown the people.
NEEDS = {"cnn_lstm": "torch", "cnn_1d": "torch", "pocketsphinx": "pocketsphinx"}


@dataclass(frozen=True)
class Words:
    """Words as samples at 8 kHz, which digit each is, who says it, and whether that is a person."""

    y: list[np.ndarray]
    digit: np.ndarray
    speaker: np.ndarray
    real: np.ndarray


def recorded(folder: Path, at_most: int | None) -> Words:
    """The recordings of a folder, or so many of each speaker, drawn."""
    rows: dict[str, list[tuple[Path, int]]] = {}
    for path in sorted(folder.rglob("*.wav")):
        if match := NAME.fullmatch(path.name):
            rows.setdefault(match[2], []).append((path, int(match[1])))
    rng = np.random.default_rng(0)
    kept = [
        (path, digit, speaker)
        for speaker, of_speaker in rows.items()
        for path, digit in (of_speaker[i] for i in sorted(rng.permutation(len(of_speaker))[:at_most]))
    ]
    y = [sound.load(path, sr=speech.SR)[0] for path, _, _ in kept]
    return Words(y, np.array([d for _, d, _ in kept]), np.array([s for _, _, s in kept]), np.ones(len(y), bool))


def synthetic() -> Words:
    """Ten digits in 140 voices of espeak-ng."""
    rng = np.random.default_rng(0)
    y, digit, speaker = [], [], []
    for variant in VARIANTS:
        for accent in rng.permutation(ACCENTS)[:ACCENTS_EACH]:
            pitch, pace = int(rng.integers(20, 70)), int(rng.integers(120, 220))
            for i, word in enumerate(DIGITS):
                voice = f"{accent}+{variant}"
                said = espeak.espeak(word, sr=speech.SR, voice=voice, pitch=pitch, words_a_minute=pace)
                y.append(librosa.effects.trim(said, top_db=QUIET_DB, frame_length=400, hop_length=speech.HOP)[0])
                digit.append(i)
                speaker.append(voice)
            tell(f"espeak-ng: {len(y)} words")
    return Words(y, np.array(digit), np.array(speaker), np.zeros(len(y), bool))


def together(a: Words, b: Words) -> Words:
    """Two lots of words as one."""
    return Words(a.y + b.y, np.r_[a.digit, b.digit], np.r_[a.speaker, b.speaker], np.r_[a.real, b.real])


def tell(line: str) -> None:
    print(f"\r{line:60}", end="", file=sys.stderr, flush=True)


def templates_of(words: Words, learnt: np.ndarray) -> list[int]:
    """The templates: of each digit some of every real speaker who is learnt from, and of some voices."""
    rng, found = np.random.default_rng(1), []
    for digit in range(len(DIGITS)):
        these = learnt[words.digit[learnt] == digit]
        for speaker in np.unique(words.speaker[these][words.real[these]]):
            found += rng.permutation(these[words.speaker[these] == speaker])[:N_TEMPLATES].tolist()
        found += rng.permutation(these[~words.real[these]])[:N_VOICES].tolist()
    return found


def stacked(features: np.ndarray) -> np.ndarray:
    """Each frame beside those before and after it."""
    wide = np.pad(features, ((N_CONTEXT, N_CONTEXT), (0, 0)), mode="edge")
    return np.concatenate([wide[i : i + len(features)] for i in range(2 * N_CONTEXT + 1)], axis=1)


def turned(words: Words, features: list[np.ndarray], learnt: np.ndarray) -> list[np.ndarray]:
    """Features in which a quarter of a word is told from others best, learnt from some of the words."""
    wide = [stacked(one) for one in features]
    rows = np.concatenate([wide[i] for i in learnt])
    parts = [words.digit[i] * N_PARTS + np.arange(len(wide[i])) * N_PARTS // len(wide[i]) for i in learnt]
    lda = LinearDiscriminantAnalysis(n_components=N_DIMS, solver="eigen", shrinkage=1e-3)
    lda.fit(rows, np.concatenate(parts))
    return [lda.transform(one).astype(np.float32) for one in wide]


def warped(words: Words, learnt: np.ndarray, asked: np.ndarray, *, turn: bool) -> list[int]:
    """What is heard by templates."""
    features = speech.by_speaker([speech.cepstra(y) for y in words.y], words.speaker.tolist(), spread=turn)
    if turn:
        features = turned(words, features, learnt)
    chosen = templates_of(words, learnt)
    of, digits, heard = [features[i] for i in chosen], [DIGITS[words.digit[i]] for i in chosen], []
    for n, i in enumerate(asked):
        heard.append(DIGITS.index(speech.recognise(features[i], of, digits)))
        tell(f"{words.speaker[asked[0]]}: {n + 1} of {len(asked)} words")
    return heard


def by_network(words: Words, learnt: np.ndarray, asked: np.ndarray, *, of_samples: bool) -> list[int]:
    """What is heard by a network."""
    shown = (speech_network.waves if of_samples else speech_network.pictures)(words.y, words.speaker.tolist())
    make = speech_network.cnn_on_samples if of_samples else speech_network.cnn_lstm
    voices = np.unique(words.speaker[~words.real])
    heard_of = np.random.default_rng(2).permutation(voices)[:NETWORK_VOICES]
    learnt = learnt[words.real[learnt] | np.isin(words.speaker[learnt], heard_of)]
    looked_at = (shown[asked[:2]], words.digit[asked[:2]])  # Nothing is chosen by it.
    tell(f"{words.speaker[asked[0]]}: {EPOCHS} epochs of {len(learnt)} words")
    found = speech_network.learn(
        lambda: make(len(DIGITS)), shown[learnt], words.digit[learnt], looked_at, shown[asked], epochs=EPOCHS
    )
    return found.heard


def by_sphinx(words: Words, learnt: np.ndarray, asked: np.ndarray) -> list[int]:
    """What is heard by PocketSphinx; -1 for nothing."""
    said = [sphinx.heard(0.5 * words.y[i] / np.abs(words.y[i]).max(), sr=speech.SR, words=DIGITS) for i in asked]
    return [DIGITS.index(word) if word else -1 for word in said]


METHODS = {
    "plain": lambda *given: warped(*given, turn=False),
    "dtw": lambda *given: warped(*given, turn=True),
    "cnn_lstm": lambda *given: by_network(*given, of_samples=False),
    "cnn_1d": lambda *given: by_network(*given, of_samples=True),
    "pocketsphinx": by_sphinx,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="<digit>_<speaker>_<n>.wav")
    parser.add_argument("--method", action="append", choices=list(METHODS), help="all if left out")
    parser.add_argument("--words-a-speaker", type=int, help="only so many of each, to be quick")
    parser.add_argument("--only-people", action="store_true", help="learn nothing from espeak-ng")
    given = parser.parse_args()
    words = recorded(given.folder, given.words_a_speaker)
    speakers = sorted(set(words.speaker.tolist()))
    if len(speakers) < 2:
        print(f"{given.folder} needs words of two speakers, as 7_name_0.wav; found {len(speakers)}", file=sys.stderr)
        return 2
    if not given.only_people and espeak.is_installed():
        words = together(words, synthetic())
    print(f"{words.real.sum()} words of {len(speakers)} people, {(~words.real).sum()} of espeak-ng")
    print(f"| method | {' | '.join(speakers)} | all |\n|---|{'---|' * (len(speakers) + 1)}")
    for name in given.method or METHODS:
        if NEEDS.get(name) and find_spec(NEEDS[name]) is None:
            print(f"| {name} | not installed: {NEEDS[name]} |")
            continue
        right = []
        for speaker in speakers:
            learnt, asked = np.flatnonzero(words.speaker != speaker), np.flatnonzero(words.speaker == speaker)
            try:
                right.append(np.asarray(METHODS[name](words, learnt, asked)) == words.digit[asked])
            except Exception as error:
                print(f"\n{name} failed on {speaker}: {reason(error)}", file=sys.stderr)
                return 1
        tell("")
        shares = [f"{100 * np.mean(one):.1f} %" for one in [*right, np.concatenate(right)]]
        print(f"\r| {name} | {' | '.join(shares)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
