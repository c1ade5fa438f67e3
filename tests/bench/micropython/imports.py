# SPDX-License-Identifier: Apache-2.0
"""Import modules one after the other and print, as JSON, what each leaves in the heap: imports.py PADDING MODULE…

What a module imports that was not there before is counted with it. The padding is a name of no use but for its length.
"""

import gc
import json
import sys


def live():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


found = []
for name in sys.argv[2:]:
    before = live()
    __import__(name)
    found.append([name, live() - before])
print(json.dumps({"found": found, "modules": list(sys.modules)}))
