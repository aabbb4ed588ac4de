/**
 * Bundles the program into dist/ as it is published: a file for the command line, one for the engine and one for each
 * worker thread, with what they share in chunks. Sources find each other's entries by their own extension.
 */
import { rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
await build({
  entryPoints: {
    cli: 'src/cli/main.ts',
    'engine-main': 'src/engine/daemon/engine-main.ts',
    'network-worker': 'src/network/service/worker.ts',
    'unpack-process': 'src/image/unpack/process.ts',
    'archive-process': 'src/engine/archive/process.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // A native addon finds its binary beside itself.
  external: ['ffi-rs'],
  // Packages in CommonJS ask for built-in modules by `require`, which an ES module has to make for itself.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  legalComments: 'linked',
  logLevel: 'warning',
})
