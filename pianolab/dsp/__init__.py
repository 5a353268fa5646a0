"""What several detectors stand on: windows, spectra, combs, periods, onset evidence, the network's input."""
