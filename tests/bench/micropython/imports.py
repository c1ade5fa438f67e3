# SPDX-License-Identifier: Apache-2.0
"""Import modules one after the other and print, as JSON, what each leaves in the heap: imports.py MODULE…

What a module imports that was not there before is counted with it.
"""

import gc
import json
import sys

sys.path.pop(0)  # this folder: asyncio.py beside this file is a manifest


def live():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


found = []
for name in sys.argv[1:]:
    before = live()
    __import__(name)
    found.append([name, live() - before])
print(json.dumps({"found": found, "modules": list(sys.modules)}))
