"""What holds for every test: one thread each, since tests run side by side, and nothing that leaves this machine."""

import os
import signal
import sys

from absl import logging as absl_logging

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ["WANDB_MODE"] = "offline"
os.environ["HF_HUB_OFFLINE"] = "1"

# Tests that are started in the background ignore SIGINT, and the commands that they start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# TensorBoard's absl logs to the standard error of the moment of its import, pytest's of one test, and Hydra closes it.
absl_logging.get_absl_handler().python_handler.setStream(sys.__stderr__)
