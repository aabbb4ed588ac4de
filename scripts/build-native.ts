import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Compiles the monitor (src/runtime/native/) into build/native/tscompose-monitor, unless it is there already from the
 * same sources. Freestanding: no C library, only the kernel's headers. `CC` chooses another compiler, `NATIVE_OUT`
 * another directory: together they make the prebuilt programs of the npm package (native/ARCH/).
 */
const sourceDir = join(import.meta.dirname, '../src/runtime/native')
const outDir = process.env.NATIVE_OUT ?? join(import.meta.dirname, '../build/native')
const output = join(outDir, 'tscompose-monitor')
const stampFile = join(outDir, 'tscompose-monitor.sources')
const compiler = process.env.CC ?? 'cc'

const flags = [
  ...['-std=gnu11', '-O2', '-s', '-static', '-nostdlib', '-ffreestanding', '-fno-pic', '-no-pie'],
  ...['-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-strict-aliasing', '-ffunction-sections'],
  // Without this the compiler sees that the loop of memcpy is a memcpy, and makes it a call of itself.
  '-fno-tree-loop-distribute-patterns',
  '-Wl,--build-id=none,--gc-sections,-z,noexecstack,-z,norelro',
  ...['-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wstrict-prototypes', '-Wmissing-prototypes'],
]

const sources = globSync('*.{c,h}', { cwd: sourceDir }).sort()
const hash = createHash('sha256').update(JSON.stringify([compiler, flags]))
for (const source of sources) hash.update(source).update(readFileSync(join(sourceDir, source)))
const stamp = `${hash.digest('hex')}\n`

if (!existsSync(output) || !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) compile()
// Of today's sources, which git may have written again since: src/runtime/native-path.ts looks at that.
else utimesSync(stampFile, new Date(), new Date())

function compile(): void {
  mkdirSync(outDir, { recursive: true })
  const inputs = sources.filter(source => source.endsWith('.c')).map(source => join(sourceDir, source))
  // Two builds at once must not see a half-written program.
  const temporary = `${output}.${process.pid}`
  const { error, status, stderr } = spawnSync(compiler, [...flags, ...inputs, '-o', temporary], { encoding: 'utf8' })
  if (error && 'code' in error && error.code === 'ENOENT') {
    const [, machine] = /^(.*)-gcc$/.exec(compiler) ?? []
    const packages = machine ? `gcc-${machine.replace('_', '-')}` : 'gcc linux-libc-dev'
    fail(`no C compiler (${compiler}). Install it: apt-get install ${packages}`)
  }
  if (error) throw error
  if (status !== 0) {
    const missing = /fatal error: (linux|asm)\/\S+: No such file/.test(stderr)
    fail(missing ? 'no kernel headers. Install them: apt-get install linux-libc-dev' : stderr)
  }
  renameSync(temporary, output)
  writeFileSync(stampFile, stamp)
  console.error(`build-native: compiled ${output}`)
}

function fail(message: string): never {
  console.error(`build-native: ${message}`)
  process.exit(1)
}
