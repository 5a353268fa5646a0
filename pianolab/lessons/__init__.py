"""What the notebooks show, and what checks their exercises; no other part of the package needs it.

`playing` makes the sounds, `showing` the players, pictures and sliders. `waves` (notebooks 00 and 01), `spectra`
(02 and 03), `pitch` (04 and 05), `choosing` (06), `polyphony` (08), `features` and `network` (09) and `honesty` (10)
measure and draw. `checks` tries what a student wrote.
"""
