import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { monitorPath } from '../../src/runtime/native-path.ts'
import { temporaryDirectory } from '../temporary.ts'

const script = join(import.meta.dirname, '../../scripts/build-native.ts')
const crossCompiler = 'aarch64-linux-gnu-gcc'
const E_MACHINE = { x86_64: 62, aarch64: 183 }

function build(t: TestContext, env: NodeJS.ProcessEnv = {}) {
  const directory = temporaryDirectory('native', t)
  const run = () =>
    spawnSync(process.execPath, [script], { env: { ...process.env, NATIVE_OUT: directory, ...env }, encoding: 'utf8' })
  return { run, output: join(directory, 'tscompose-monitor') }
}

test('the monitor is compiled once, and is small', t => {
  const { run, output } = build(t)
  assert.equal(run().status, 0)
  const { size, mtimeMs } = statSync(output)
  assert.ok(size < 32 * 1024, `${size} bytes`)
  const again = run()
  assert.deepEqual([again.status, again.stderr], [0, ''])
  assert.equal(statSync(output).mtimeMs, mtimeMs)
})

test('a missing compiler is named with the packages to install', t => {
  const { status, stderr } = build(t, { CC: 'no-such-compiler' }).run()
  assert.equal(status, 1)
  assert.equal(
    stderr,
    'build-native: no C compiler (no-such-compiler). Install it: apt-get install gcc linux-libc-dev\n',
  )
})

const noCrossCompiler = spawnSync(crossCompiler, ['--version']).error && `needs ${crossCompiler}`
test('the same sources compile for arm64', { skip: noCrossCompiler ?? false }, t => {
  const { run, output } = build(t, { CC: crossCompiler })
  const { status, stderr } = run()
  assert.equal(status, 0, stderr)
  assert.equal(readFileSync(output).readUInt16LE(18), E_MACHINE.aarch64)
})

test('the monitor of this checkout is found, and needs nothing of the system', () => {
  const elf = readFileSync(monitorPath())
  assert.equal(elf.toString('latin1', 1, 4), 'ELF')
  assert.ok(!elf.includes('ld-linux'), 'a static program has no interpreter')
})
