"""JupyterLab as `make lab` starts it: what a live page says to its kernel does not make the kernel look busy."""

import os

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyterlab.labapp import LabApp
from traitlets.config.loader import PyFileConfigLoader

from pianolab.live import lab


def test_messages_of_widgets_are_left_out_of_what_is_shown_of_a_kernel_beside_what_jupyter_leaves_out():
    config = PyFileConfigLoader("jupyter_server_config.py", str(lab.CONFIG)).load_config()
    ours = AsyncMappingKernelManager(config=config).untracked_message_types
    assert ours == [*AsyncMappingKernelManager().untracked_message_types, "comm_msg"]
    assert "execute_request" not in ours


def test_lab_gets_its_options_and_our_settings_before_those_of_the_player(monkeypatch):
    started = []
    monkeypatch.setattr(LabApp, "launch_instance", lambda argv: started.append(argv))
    for theirs, expected in (("mine", f"{lab.CONFIG}{os.pathsep}mine"), ("", str(lab.CONFIG))):
        monkeypatch.setenv("JUPYTER_CONFIG_PATH", theirs)
        lab.main(["notebooks", "--no-browser"])
        assert os.environ["JUPYTER_CONFIG_PATH"] == expected
    assert started == [["notebooks", "--no-browser"]] * 2
