"""The exercises of notebook 06: frames in a row that make a note, hits, precision and recall."""

import numpy as np

from pianolab.lessons.checks.grading import Answer, ask_array, ask_number, ask_pairs, exercise, judge, near


@exercise
def check_confirm(answer: Answer, rng: np.random.Generator) -> str:
    """``confirm(keys, n) -> list of (frame, key)``: the n-th frame in a row of each run; -1 is silence."""
    one, two, three = rng.integers(21, 100, 4).tolist()[:3]
    repeated = [one] * 5 + [-1] + [one] * 5 + [two] * 2 + [three] * 4
    cases = [
        ([-1, 60, 60, 60, 60, -1], 3, "a clean C4"),
        ([-1, 60, 60, 72, 60, 60, 60, -1], 3, "a C4 with one frame of C5 in it"),
        (repeated, 4, "a repeated note, a ghost, a new note"),
    ]
    for keys, n, about in cases:
        got, want = ask_pairs(answer, list(keys), n, about=about), _confirmed(keys, n)
        once = f"announce a key once, when its run reaches exactly {n}; another key starts the count again"
        late = "the keys are right, the frames are not; the n-th frame of the run is where you know"
        mistakes = [
            (any(key < 0 for _, key in got), "-1 is silence, not a key"),
            (len(got) > len(want), once),
            ([key for _, key in got] == [key for _, key in want], late),
        ]
        said = f"{about}: with n = {n} the notes are {want} and yours {got}"
        judge(got, want, said, mistakes, otherwise="count frames with the same key in a row")
    return "a ghost of one or two frames is never announced, and each note comes n - 1 frames late"


def _confirmed(keys, n):
    run, found = 0, []
    for frame, key in enumerate(keys):
        run = run + 1 if frame and key == keys[frame - 1] else 1
        found += [(frame, key)] * (key >= 0 and run == n)
    return found


@exercise
def check_hits(answer: Answer, rng: np.random.Generator) -> str:
    """``hits(played, heard) -> int``: most pairs of (onset_s, key) within 50 ms and the same key, each used once."""
    t = round(float(rng.uniform(0.5, 2.0)), 2)
    key, late, free, early = (
        "the key must be the same",
        "50 ms is the tolerance",
        "cross a note off when it has found its partner",
        "is 50 ms early as good as 50 ms late?",
    )
    cases = [
        ([(t, 60)], [(t + 0.03, 60)], 1, "one note, heard 30 ms late", early),
        ([(t, 60)], [(t + 0.2, 60)], 0, "one note, heard 200 ms late", late),
        ([(t, 60)], [(t, 72)], 0, "a C4, heard as C5", key),
        ([(t, 60)], [(t, 60), (t + 0.02, 60)], 1, "one note, heard twice", free),
        ([(t, 60), (t + 0.04, 60)], [(t + 0.02, 60)], 1, "two notes, heard once", free),
        ([(t, 60), (t + 0.06, 60)], [(t - 0.02, 60), (t + 0.04, 60)], 2, "two fast notes, both 20 ms early", early),
    ]
    for played, heard, want, about, why in cases:
        got = ask_number(answer, list(played), list(heard), about=about)
        many = (got > min(len(played), len(heard)), "more than there are notes: each note may be used once")
        said = f"{about}: {want} hit{'s' * (want != 1)}, and you count {got:.0f}"
        judge(got, want, said, [many], otherwise=why)
    return "one partner each: a note heard twice is one hit and one extra"


@exercise
def check_precision_recall(answer: Answer, rng: np.random.Generator) -> str:
    """``precision_recall(n_hits, n_played, n_heard) -> (P, R, F)``; 0 where nothing was played or heard."""
    hits = int(rng.integers(3, 9))
    for n, played, heard in ((hits, hits + 2, hits + 5), (hits, hits, hits), (0, 4, 3), (0, 5, 0), (0, 0, 3)):
        about = f"{n} hits, {played} played, {heard} heard"
        got = ask_array(answer, n, played, heard, about=about, shape=(3,))
        p, r = n / heard if heard else 0.0, n / played if played else 0.0
        f = 2 * p * r / (p + r) if n else 0.0
        swapped = "precision and recall are swapped; precision asks how much of what was heard was played"
        harmonic = "F is the harmonic mean 2 P R / (P + R), which is nearer to the smaller one"
        mistakes = [(p != r and near(got[:2], [r, p]), swapped), ([p, r, (p + r) / 2], harmonic)]
        truth = f"P = {p:.2f}, R = {r:.2f}, F = {f:.2f} and you say {', '.join(f'{value:.2f}' for value in got)}"
        judge(got, [p, r, f], about, mistakes, otherwise=truth)
    return "P of what was heard, R of what was played, F between them and nearer to the worse"
