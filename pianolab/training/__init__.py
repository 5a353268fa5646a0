"""Training of the network behind the detector `neural`; needs PyTorch (``make setup-train``)."""
