# JupyterLab reads this where pianolab/live/lab.py starts it: messages of widgets do not make the kernel look busy.
c.MappingKernelManager.untracked_message_types.append("comm_msg")  # noqa: F821  # pyright: ignore[reportUndefinedVariable]
