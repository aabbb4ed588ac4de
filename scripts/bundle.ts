/**
 * Bundles the program into dist/ as it is published. The command line is one file in CommonJS, which Node loads fastest,
 * behind a small one that turns the compile cache on. The engine and its workers are ES modules that share chunks.
 * Sources find each other's entries by their own extension.
 */
import { readFileSync, rmSync } from 'node:fs'
import { type BuildOptions, build, type Plugin } from 'esbuild'

/** commander can run programs as subcommands, which costs the import of `node:child_process`; no command of ours is one. */
const withoutSubprocesses: Plugin = {
  name: 'without-subprocesses',
  setup({ onLoad }) {
    onLoad({ filter: /\/commander\/lib\/command\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const needless = "require('node:child_process')"
      if (!source.includes(needless)) throw new Error(`${path} has changed: no ${needless} in it`)
      return { contents: source.replace(needless, 'undefined'), loader: 'js' }
    })
  },
}

const common: BuildOptions = {
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  // A native addon finds its binary beside itself.
  external: ['ffi-rs'],
  legalComments: 'linked',
  logLevel: 'warning',
}

rmSync('dist', { recursive: true, force: true })
await build({
  ...common,
  entryPoints: { cli: 'src/cli/main.ts', program: 'src/cli/program.ts' },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [withoutSubprocesses],
})
await build({
  ...common,
  entryPoints: {
    'engine-main': 'src/engine/daemon/engine-main.ts',
    'network-worker': 'src/network/service/worker.ts',
    'unpack-process': 'src/image/unpack/process.ts',
    'archive-process': 'src/engine/archive/process.ts',
  },
  format: 'esm',
  splitting: true,
  // Packages in CommonJS ask for built-in modules by `require`, which an ES module has to make for itself.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
})
