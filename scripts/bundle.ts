/**
 * Bundles the program into dist/ as it is published. The command line is one file (bundle-program.ts) behind a small one
 * that starts it. The engine and its workers are ES modules that share chunks. Sources find each other's entries by their
 * own extension.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import type { CommandTable } from '../src/cli/command.ts'
import { commands } from '../src/cli/commands.ts'
import { bundleProgram } from './bundle-program.ts'

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
  logLevel: 'warning',
}

/** The names of all commands, with their groups' before them. */
async function namesIn(table: CommandTable, group = ''): Promise<string[]> {
  const names = Object.entries(table).map(async ([name, entry]) => {
    const all = [name, ...(entry.aliases ?? [])].map(each => `${group}${each}`)
    return 'load' in entry ? all : await namesIn((await entry.loadGroup()).commands, `${name} `)
  })
  return (await Promise.all(names)).flat()
}

rmSync('dist', { recursive: true, force: true })
const { text, digest } = await bundleProgram('src/cli/main.ts', { ...common, plugins: [withoutSubprocesses] })
await build({
  ...common,
  entryPoints: { cli: 'src/cli/launch.ts' },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: {
    'import.meta.url': 'moduleUrl',
    PROGRAM: JSON.stringify(digest),
    COMMANDS: JSON.stringify(await namesIn(commands)),
  },
})
writeFileSync('dist/program.cjs', text)
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
  legalComments: 'linked',
  // Packages in CommonJS ask for built-in modules by `require`, which an ES module has to make for itself.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
})
