import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { type Completion, complete } from '../../src/cli/complete.ts'
import { completionScripts } from '../../src/cli/completion-scripts.ts'
import { temporaryDirectory } from '../temporary.ts'

const names = {
  services: async () => ['api', 'db', 'web'],
  profiles: async () => ['debug'],
  containers: async () => ['shop-api-1', 'shop-db-1'],
  images: async () => ['busybox:1', 'nginx:alpine'],
  networks: async () => ['bridge', 'shop_default'],
  volumes: async () => ['shop_data'],
}

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

test('what the engine has, where one of it stands', async () => {
  assert.deepEqual((await at('container', 'commit', '')).words, ['shop-api-1', 'shop-db-1'])
  assert.deepEqual((await at('container', 'stop', 'shop-api-1', 'shop-d')).words, ['shop-db-1'])
  assert.deepEqual((await at('container', 'run', '--rm', 'n')).words, ['nginx:alpine'])
  assert.deepEqual((await at('network', 'connect', 's')).words, ['shop_default'])
  assert.deepEqual((await at('network', 'connect', 'bridge', '')).words, ['shop-api-1', 'shop-db-1'])
  assert.deepEqual((await at('volume', 'rm', '')).words, ['shop_data'])
  assert.deepEqual(await at('container', 'cp', ''), { words: [], files: true })
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

/** What each shell makes of a line, in a directory with a project of two services. */
const scriptFor: Record<keyof typeof completionScripts, (program: string, line: string) => string> = {
  bash: (program, text) => {
    const words = text.split(' ').map(word => `"${word}"`)
    return `. ./script
      tscompose() { "${program}" "$@"; }
      COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
      COMP_LINE="${text}"; COMP_POINT=${text.length}
      compopt() { :; }
      _tscompose; printf '%s\\n' "\${COMPREPLY[@]}"`
  },
  // Outside of the line editor zsh has no completion system: these are the parts of it that the script calls.
  zsh: (program, text) => {
    const words = text.split(' ').map(word => `"${word}"`)
    return `tscompose() { "${program}" "$@"; }
      compdef() { }
      _describe() { local each; for each in "\${(@P)4}"; do print -r -- "\${each%%:*}"; done }
      _files() { }
      words=(${words.join(' ')}); CURRENT=${words.length}
      . ./script; _tscompose`
  },
  fish: (program, text) => `function tscompose; "${program}" $argv; end
      source ./script
      complete -C "${text}" | string replace -r '\\t.*' ''`,
}

for (const shell of ['bash', 'zsh', 'fish'] as const)
  test(`the script for ${shell} completes the services of the project at hand`, t => {
    const cwd = temporaryDirectory('complete', t)
    writeFileSync(join(cwd, 'compose.yaml'), 'services: { web: { image: i }, worker: { image: i, profiles: [x] } }\n')
    writeFileSync(join(cwd, 'script'), completionScripts[shell])
    const env = { PATH: process.env.PATH, HOME: cwd, TERM: 'dumb' }
    const line = (text: string) => {
      const script = scriptFor[shell](resolve('bin/tscompose'), text)
      const { error, stdout, stderr } = spawnSync(shell, ['-c', script], { cwd, env, encoding: 'utf8' })
      if (error) throw error
      assert.equal(stderr, '')
      return stdout.trim().split('\n')
    }
    if ((spawnSync(shell, ['-c', ':']).error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
      return t.skip(`${shell} is not installed`)
    assert.deepEqual(line('tscompose logs w'), ['web', 'worker'])
    assert.deepEqual(line('tscompose logs web wo'), ['worker'])
    assert.deepEqual(line('tscompose grap'), ['graph'])
    assert.deepEqual(line('tscompose up --timin'), ['--timings'])
  })
