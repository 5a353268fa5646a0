"""Make the spoken words of notebook 12: `python data/speech_clips/make.py`. Needs the program espeak-ng.

What comes in: a list of words and of ways to speak. What comes out: one Ogg file a voice with all words one after the
other, and index.json with who belongs to which part and where each word begins. `--check` writes nothing and says
whether the committed files are what the script would write: Ogg Vorbis loses a little, and another version of the
program speaks a little differently, so only the lengths of the words are compared.
"""

import argparse
import json
import sys
from pathlib import Path

import librosa
import numpy as np
import soundfile as sf

from pianolab.files import replacing
from pianolab.piano import espeak

HERE = Path(__file__).resolve().parent
SR = 16000
REST_S = 0.05  # Silence after each word.
QUIET_DB = 40.0  # What is so far below a word's loudest moment is cut off before and behind it.
PEAK = 0.7
VORBIS_QUALITY = 0.3
CLOSE_S = 0.15  # So much longer or shorter a word may be with another version of the program.

# Name of the word -> what is said, in which language.
WORDS = {
    "do": ("도", "ko"),
    "re": ("레", "ko"),
    "mi": ("미", "ko"),
    "fa": ("파", "ko"),
    "sol": ("솔", "ko"),
    "la": ("라", "ko"),
    "si": ("시", "ko"),
    "again": ("again", "en"),
    "slower": ("slower", "en"),
    "faster": ("faster", "en"),
    "stop": ("stop", "en"),
    "play": ("play", "en"),
}
# A voice: a way to speak of espeak-ng, the English it speaks, pitch (0..99) and words a minute. Nobody is in two parts.
VOICES = {
    "train": [
        ("m1", "en-us", 40, 150),
        ("m3", "en-gb", 55, 165),
        ("m5", "en-029", 35, 140),
        ("m7", "en-us", 60, 180),
        ("f1", "en-us", 45, 150),
        ("f3", "en-gb", 60, 170),
        ("f5", "en-gb-x-rp", 50, 140),
        ("klatt2", "en-us", 45, 160),
        ("Andy", "en-gb-scotland", 50, 155),
        ("Alicia", "en-us", 55, 165),
        ("Gene", "en-gb-x-rp", 40, 150),
        ("linda", "en-us", 50, 145),
        ("Denis", "en-us", 50, 175),
        ("Michael", "en-gb", 45, 160),
    ],
    "validation": [
        ("m4", "en-us", 50, 160),
        ("f2", "en-gb", 50, 155),
        ("klatt4", "en-us", 55, 165),
        ("pablo", "en-gb-x-rp", 45, 150),
        ("Andrea", "en-us", 50, 170),
    ],
    "test": [
        ("m2", "en-gb", 50, 155),
        ("f4", "en-us", 55, 160),
        ("Lee", "en-us", 45, 150),
        ("Annie", "en-gb", 50, 165),
        ("robert", "en-gb-scotland", 50, 160),
    ],
}


def spoken(word: str, way: tuple[str, str, int, int]) -> np.ndarray:
    """One word, cut to where it sounds and as loud as all others."""
    variant, english, pitch, words_a_minute = way
    text, language = WORDS[word]
    voice = f"{english if language == 'en' else language}+{variant}"
    y = espeak.espeak(text, sr=SR, voice=voice, pitch=pitch, words_a_minute=words_a_minute)
    y, _ = librosa.effects.trim(y, top_db=QUIET_DB, frame_length=512, hop_length=128)
    return y * (PEAK / np.abs(y).max())


def voice(way: tuple[str, str, int, int]) -> tuple[np.ndarray, list[list[int]]]:
    """All words of a voice, and where each begins and ends (samples)."""
    parts, bounds, at = [], [], 0
    for word in WORDS:
        y = spoken(word, way)
        bounds.append([at, at + len(y)])
        parts += [y, np.zeros(round(REST_S * SR), np.float32)]
        at += len(y) + len(parts[-1])
    return np.concatenate(parts), bounds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    check = parser.parse_args().check
    if not espeak.is_installed():
        print(f"{espeak.PROGRAM} is not installed: apt-get install {espeak.PROGRAM}", file=sys.stderr)
        return 2
    index = {"sr": SR, "words": list(WORDS), "voices": {}}
    for part, ways in VOICES.items():
        for way in ways:
            y, bounds = voice(way)
            index["voices"][way[0]] = {"part": part, "bounds": bounds}
            if not check:
                with replacing(HERE / "voices" / f"{way[0]}.ogg") as path:
                    sf.write(path, y, SR, format="OGG", subtype="VORBIS", compression_level=1 - VORBIS_QUALITY)
    if check:
        return compare(index)
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in index["voices"].items())
    head = f'{{"sr": {SR},\n "words": {json.dumps(index["words"])},\n "voices": {{\n'
    with replacing(HERE / "index.json") as path:
        path.write_text(f"{head}{lines}\n }}}}\n", encoding="utf-8")
    print(f"wrote {len(index['voices'])} voices of {len(WORDS)} words")
    return 0


def compare(index: dict) -> int:
    kept = json.loads((HERE / "index.json").read_text(encoding="utf-8"))
    wrong = sorted(kept["voices"].keys() ^ index["voices"].keys())
    for name, entry in index["voices"].items():
        if name not in wrong:
            lengths = np.diff([kept["voices"][name]["bounds"], entry["bounds"]], axis=2)[..., 0]
            if np.abs(np.diff(lengths, axis=0)).max() > CLOSE_S * SR:
                wrong.append(name)
    print(f"not as the script would write them: {', '.join(wrong)}" if wrong else "as the script would write them")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
