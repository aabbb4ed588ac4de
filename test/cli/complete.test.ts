import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { type Completion, complete } from '../../src/cli/complete.ts'
import { completionScripts } from '../../src/cli/completion-scripts.ts'

const names = { services: async () => ['api', 'db', 'web'], profiles: async () => ['debug'] }

async function at(...words: string[]): Promise<{ words: string[]; files: boolean }> {
  const found: Completion = await complete(words, names, async ({ command, entry }) => {
    const { define } = await entry.load()
    define(command, undefined as never)
  })
  return { words: found.candidates.map(({ word }) => word), files: found.files }
}

test('commands, and those of groups, by what has been typed', async () => {
  assert.deepEqual((await at('res')).words, ['restart'])
  assert.deepEqual((await at('-f', 'x.yaml', 'res')).words, ['restart'])
  assert.ok((await at('network', '')).words.includes('inspect'))
  assert.ok(!(await at('')).words.includes('__complete'))
})

test('services where a service stands, also as the value of a flag', async () => {
  assert.deepEqual((await at('logs', '')).words, ['api', 'db', 'web'])
  assert.deepEqual((await at('logs', '--tail', '5', 'api', 'd')).words, ['db'])
  assert.deepEqual((await at('up', '--exit-code-from', 'w')).words, ['web'])
  assert.deepEqual((await at('scale', 'a')).words, ['api='])
  assert.deepEqual((await at('port', 'web', '')).words, [])
})

test('flags, the words a flag takes, and files', async () => {
  assert.deepEqual((await at('up', '--wait')).words, ['--wait', '--wait-timeout'])
  assert.deepEqual((await at('graph', '--format', '')).words, ['text', 'mermaid', 'svg'])
  assert.deepEqual((await at('--progress', 'p')).words, ['plain'])
  assert.deepEqual((await at('--profile', '')).words, ['debug'])
  assert.deepEqual(await at('-f', ''), { words: [], files: true })
  assert.deepEqual((await at('completion', '')).words, ['bash', 'zsh', 'fish'])
})

test('what is no command has nothing to go on with', async () => assert.deepEqual((await at('nonsense', '')).words, []))

test('the script for bash completes the services of the project at hand', () => {
  const cwd = mkdtempSync('/tmp/tscompose-complete-')
  try {
    writeFileSync(join(cwd, 'compose.yaml'), 'services: { web: { image: i }, worker: { image: i, profiles: [x] } }\n')
    writeFileSync(join(cwd, 'script'), completionScripts.bash)
    const line = (text: string) => {
      const words = text.split(' ').map(word => `"${word}"`)
      const program = resolve('bin/tscompose')
      const script = `. ./script
        tscompose() { "${program}" "$@"; }
        COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
        COMP_LINE="${text}"; COMP_POINT=${text.length}
        compopt() { :; }
        _tscompose; echo "\${COMPREPLY[@]}"`
      return spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8' }).stdout.trim()
    }
    assert.equal(line('tscompose logs w'), 'web worker')
    assert.equal(line('tscompose logs web wo'), 'worker')
    assert.equal(line('tscompose grap'), 'graph')
    assert.equal(line('tscompose up --timin'), '--timings')
  } finally {
    rmSync(cwd, { recursive: true })
  }
})

for (const shell of ['zsh', 'fish'] as const)
  test(`the script for ${shell} is one`, t => {
    const { status, error, stderr } = spawnSync(shell, ['-n'], { input: completionScripts[shell], encoding: 'utf8' })
    if (error) return t.skip(`${shell} is not installed`)
    assert.equal(status, 0, stderr)
  })
