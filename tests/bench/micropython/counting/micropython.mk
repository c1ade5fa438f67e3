# SPDX-License-Identifier: Apache-2.0
# Add the counting module to MicroPython's unix port, and let its machine and its heap count: see ../../interpreter.py.
SRC_USERMOD_C += $(USERMOD_DIR)/counting.c
CFLAGS_USERMOD += -I$(USERMOD_DIR)
