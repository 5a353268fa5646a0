"""Training of the network behind the detector `neural`; needs PyTorch (``pip install -e '.[train]'``)."""
