"""The parabola of ``pianolab.dsp.peaks`` for compiled code: the same two functions, made known to numba."""

from numba.extending import register_jitable

from pianolab.dsp import peaks

parabola_shift = register_jitable(peaks.parabola_shift)
parabola_top = register_jitable(peaks.parabola_top)
