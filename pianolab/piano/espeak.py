"""Speech in many voices and languages, from the program espeak-ng where it is installed.

What comes in: a text, a voice, pitch and speed; or only a length, and all else is drawn. What goes out: samples. The
program is free software that systems have in their packages (`apt-get install espeak-ng`); without it `voices.speech`
makes speech by rule.
"""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.errors import printable
from pianolab.piano.degrade import levelled
from pianolab.piano.instruments import PianoError
from pianolab.piano.noises import LOUDEST, n_samples

PROGRAM = "espeak-ng"
LONGEST_RUN_S = 60.0  # A sentence takes the program a few hundredths of a second.
# Ways to speak that go with every language: men, women, and voices that croak, whisper or sound old.
VARIANTS = (
    "m1",
    "m2",
    "m3",
    "m4",
    "m5",
    "m6",
    "m7",
    "f1",
    "f2",
    "f3",
    "f4",
    "f5",
    "croak",
    "whisper",
    "klatt",
    "klatt4",
)

# Sentences of our own, by the name of the language.
SENTENCES = {
    "en-us": (
        "Could you please close the window, it is getting cold in here.",
        "I will be late tonight because the train stopped for half an hour.",
        "One, two, three, four. Now start again from the second line!",
        "Who left the kettle on?",
    ),
    "en-gb": (
        "We bought apples, bread and a little cheese at the market.",
        "No, that is not what she said.",
        "My neighbour has been talking on the phone all morning.",
    ),
    "de": (
        "Heute Nachmittag kommt meine Schwester zu Besuch.",
        "Wo hast du denn den Schlüssel hingelegt?",
        "Das Wetter soll am Wochenende endlich besser werden.",
    ),
    "fr-fr": (
        "Il faut que je parte avant huit heures demain matin.",
        "Est-ce que tu as entendu ce bruit dans la cuisine ?",
        "Nous avons mangé au bord de la mer.",
    ),
    "es": (
        "Mañana vamos a visitar a los abuelos en el campo.",
        "¿Dónde está la estación de trenes?",
        "Hace mucho calor, abre la puerta por favor.",
    ),
    "it": ("Domani andiamo tutti insieme al mare.", "Che ore sono adesso?", "La finestra della camera era aperta."),
    "ko": ("오늘은 날씨가 참 좋네요.", "저녁에 무엇을 먹을까요?", "버스가 늦게 와서 한참을 기다렸습니다."),
    "ja": ("きょうは とても あつい です。", "えきは どこ ですか。"),
    "ru": ("Завтра утром мы едем к бабушке.", "Кто это там стучит?"),
    "pl": ("Jutro rano jedziemy do babci na wieś.", "Która jest teraz godzina?"),
    "tr": ("Yarın sabah erkenden yola çıkacağız.", "Kapıyı kim çaldı?"),
    "hi": ("आज मौसम बहुत अच्छा है।", "तुम कल कहाँ गए थे?"),
}


def is_installed() -> bool:
    """Whether the program is here.

    Returns
    -------
    bool
    """
    return shutil.which(PROGRAM) is not None


def espeak(
    text: str, *, sr: int, voice: str = "en-us", pitch: int = 50, words_a_minute: int = 175
) -> npt.NDArray[np.float32]:
    """A text, spoken.

    Parameters
    ----------
    text : str
    sr : int
        Hz.
    voice : str
        A language of the program, with a variant if wanted: ``en-us``, ``de+f3``.
    pitch : int
        0 (lowest) to 99.
    words_a_minute : int
        80 to 450.

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianoError
        If the program is not installed, or refuses the voice or the text.
    """
    n_samples(1.0, sr)
    if not is_installed():
        raise PianoError(f"{PROGRAM} is not installed: apt-get install {PROGRAM}, or use pianolab.piano.voices.speech")
    if not (0 <= pitch <= 99 and 80 <= words_a_minute <= 450):
        raise PianoError(f"pitch {pitch} or speed {words_a_minute} is out of range: use 0 to 99 and 80 to 450")
    with TemporaryDirectory() as folder:
        path = Path(folder, "speech.wav")
        words = [PROGRAM, "-v", voice, "-p", str(pitch), "-s", str(words_a_minute), "-w", str(path)]
        try:
            done = subprocess.run(words, input=text.encode(), capture_output=True, timeout=LONGEST_RUN_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PianoError(f"{PROGRAM} did not speak: {printable(str(error))}") from error
        if done.returncode or not path.is_file():
            said = printable(done.stderr.decode(errors="replace").strip())
            raise PianoError(f"{PROGRAM} did not speak with the voice {printable(voice)}: {said}")
        y, rate = sound.load(path)
    return sound.resample(y, sr=rate, target_sr=sr)


def spoken(length_s: float, *, sr: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Sentences in a voice and a language that are drawn, with pauses.

    Parameters
    ----------
    length_s : float
        Seconds.
    sr : int
        Hz.
    rng : numpy.random.Generator
        Draws language, voice, pitch, speed, sentences and pauses.

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianoError
        If the program is not installed.
    """
    n = n_samples(length_s, sr)
    language = list(SENTENCES)[rng.integers(len(SENTENCES))]
    voice = f"{language}+{VARIANTS[rng.integers(len(VARIANTS))]}"
    pitch, speed = int(rng.integers(10, 91)), int(rng.integers(110, 261))
    parts, so_far = [], 0
    while so_far < n:
        sentence = SENTENCES[language][rng.integers(len(SENTENCES[language]))]
        said = espeak(sentence, sr=sr, voice=voice, pitch=pitch, words_a_minute=speed)
        parts += [said, np.zeros(round(rng.uniform(0.1, 1.0) * sr), np.float32)]
        so_far += len(parts[-2]) + len(parts[-1])
    return levelled(np.concatenate(parts)[:n], peak=LOUDEST)
