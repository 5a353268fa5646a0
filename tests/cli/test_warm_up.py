"""What set-up compiles: every detector of ours hears a note once."""

from pianolab.cli import warm_up
from pianolab.registry import load_all


def test_every_detector_of_ours_hears_a_note(monkeypatch):
    heard = []
    monkeypatch.setattr(warm_up, "transcribe", lambda y, *, sr, detector: heard.append(detector))
    warm_up.warm_up()
    assert sorted(heard) == sorted(name for name, cls in load_all()[0].items() if not cls.peer)


def test_a_detector_that_cannot_run_here_is_passed_over(monkeypatch):
    def cannot(y, *, sr, detector):
        raise ImportError(detector)

    monkeypatch.setattr(warm_up, "transcribe", cannot)
    warm_up.warm_up()
