// SPDX-License-Identifier: Apache-2.0
// Run a script in MicroPython's WebAssembly build as its Unix build would: heap size, MICROPYPATH, exit code.
//
// usage: node wasm.mjs MICROPYTHON.MJS [-X heapsize=N[k|m]] SCRIPT [ARGUMENT…]
// The build has a file system of its own, in memory. The script's folder, those of MICROPYPATH and those of
// ELECTRO_WASM_FOLDERS (both separated by ":") are copied into it at their own paths; nothing comes back out.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [build, ...given] = process.argv.slice(2);
let heapsize = 1 << 20; // the Unix build's own default on 32-bit machines
if (given[0] === "-X") {
  const [, digits, unit] = /^heapsize=(\d+)([km]?)w?$/.exec(given[1]);
  heapsize = Number(digits) * { "": 1, k: 1 << 10, m: 1 << 20 }[unit];
  given.splice(0, 2);
}
const script = resolve(given[0]);
const listed = (variable) => (process.env[variable] ?? "").split(":").filter(Boolean);
const searchPath = listed("MICROPYPATH").map((folder) => (folder === ".frozen" ? folder : resolve(folder)));
const folders = [...searchPath.filter((folder) => folder !== ".frozen"), ...listed("ELECTRO_WASM_FOLDERS").map((folder) => resolve(folder))];

const { loadMicroPython } = await import(pathToFileURL(resolve(build)));
const micropython = await loadMicroPython({ heapsize, linebuffer: false, stdout: (bytes) => process.stdout.write(bytes) });

function copyFolder(folder) {
  micropython.FS.mkdirTree(folder);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const kind = statSync(path, { throwIfNoEntry: false });
    if (kind?.isDirectory() && name !== "__pycache__") copyFolder(path);
    if (kind?.isFile()) micropython.FS.writeFile(path, readFileSync(path));
  }
}
for (const folder of new Set([dirname(script), ...folders])) copyFolder(folder);

const python = (value) => JSON.stringify(value); // a JSON string or list of strings is a Python literal too
try {
  micropython.runPython(
    `import sys\nsys.argv[:] = ${python([script, ...given.slice(1)])}\n` +
      `sys.path[:] = ${python([dirname(script), ...searchPath, ".frozen"])}\n` +
      `with open(${python(script)}) as _file:\n    _code = compile(_file.read(), ${python(script)}, "exec")\n` +
      `try:\n    exec(_code)\nexcept SystemExit as _exit:\n    exit_code = _exit.args[0] if _exit.args else 0\n` +
      `else:\n    exit_code = 0\n`,
  );
  process.exitCode = Number(micropython.globals.get("exit_code") ?? 0);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
