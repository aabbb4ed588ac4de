import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { beforeEach, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { commandIn } from '../../src/cli/command-in.ts'
import { findCode, keepCode } from '../../src/cli/kept-code.ts'
import { temporaryDirectory } from '../temporary.ts'

const folder = temporaryDirectory('launch')
const notRoot = process.getuid?.() !== 0 && 'needs root'
beforeEach(t => {
  process.env.XDG_CACHE_HOME = join(folder, t.name.replaceAll(/\W+/g, '-'))
})

test('the command is found behind flags and their values, in a group with its own', () => {
  const commands = ['up', 'exec', 'config', 'container exec']
  const named: readonly [line: string, command: string][] = [
    ['config', 'config'],
    ['-f other.yaml -p shop up -d', 'up'],
    ['exec web up', 'exec'],
    ['container exec web true', 'container exec'],
    ['container', 'none'],
    ['--version', 'none'],
    ['up --help', 'help'],
    ['', 'none'],
  ]
  for (const [line, command] of named) assert.equal(commandIn(line.split(' '), commands), command, line)
})

describe('kept code', () => {
  const keep = (program: string, text: string) =>
    keepCode({ ...findCode(program, 'container exec'), code: Buffer.from(text), runs: 2 })

  test('is found again, with the number of its runs', () => {
    assert.deepEqual({ ...findCode('one', 'up'), file: '' }, { file: '', runs: 0 })
    keep('one', 'text')
    const { code, runs, file } = findCode('one', 'container exec')
    assert.equal(String(code), 'text')
    assert.equal(runs, 2)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(dirname(file)), ['container-exec'])
  })

  test('of somebody else is not used', { skip: notRoot }, () => {
    keep('one', 'text')
    chownSync(findCode('one', 'container exec').file, 65534, 65534)
    assert.equal(findCode('one', 'container exec').code, undefined)
  })

  test('is not left with somebody else, who may have put a link there', { skip: notRoot }, () => {
    const elsewhere = join(folder, 'elsewhere')
    for (const name of ['a', 'b', 'c', 'd']) mkdirSync(join(elsewhere, name), { recursive: true })
    const cache = process.env.XDG_CACHE_HOME ?? ''
    mkdirSync(join(cache, 'tscompose'), { recursive: true })
    symlinkSync(elsewhere, join(cache, 'tscompose/code'))
    chownSync(cache, 65534, 65534)
    keep('one', 'text')
    assert.deepEqual(readdirSync(elsewhere), ['a', 'b', 'c', 'd'])
  })

  test('is done without where nothing can be written', () => {
    writeFileSync(process.env.XDG_CACHE_HOME ?? '', 'no directory')
    keep('one', 'text')
    assert.equal(findCode('one', 'container exec').code, undefined)
  })

  test('of programs that are no longer used goes away', () => {
    for (const program of ['one', 'two', 'three', 'four']) keep(program, program)
    const { file } = findCode('four', 'up')
    const left = readdirSync(dirname(dirname(file)))
    assert.equal(left.length, 3)
    assert.ok(left.includes('four'))
  })
})

const bundle = resolve('dist/cli.cjs')
describe('the published program', { skip: !existsSync(bundle) && 'needs dist/: npm run build' }, () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [bundle, ...args], { encoding: 'utf8', cwd: folder })
  const kept = () => {
    const directory = join(process.env.XDG_CACHE_HOME ?? '', 'tscompose/code')
    return existsSync(directory)
      ? readdirSync(directory, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
      : []
  }

  test('keeps the code of its first runs', () => {
    const sizes = [1, 2, 3, 4].map(number => {
      assert.match(run('version', '--short').stdout, /^\d/)
      const [file, ...others] = kept().map(({ parentPath, name }) => join(parentPath, name))
      assert.deepEqual(others, [])
      assert.equal(basename(file ?? ''), 'version')
      assert.equal(readFileSync(file ?? '').at(-1), Math.min(number, 3))
      return statSync(file ?? '').ino
    })
    assert.equal(sizes[2], sizes[3], 'the fourth run writes nothing')
  })

  test('keeps the code of a command that stays while it runs, whatever becomes of it', { timeout: 60_000 }, async t => {
    const child = spawn(process.execPath, [bundle, '-f', '-', 'config'], { stdio: ['pipe', 'ignore', 'ignore'] })
    t.after(() => child.kill())
    while (kept().every(({ name }) => name !== 'config')) await delay(50, undefined, { signal: t.signal })
    assert.equal(child.exitCode, null)
    child.stdin.end('services: { one: {} }')
    assert.notDeepEqual(await once(child, 'exit'), [0, null])
    assert.equal(kept().length, 1)
  })

  test('runs with code that is none, and writes it anew', () => {
    run('version')
    const [file] = kept().map(({ parentPath, name }) => join(parentPath, name))
    for (const content of ['', 'x', 'x'.repeat(100_000)]) {
      writeFileSync(file ?? '', content)
      assert.equal(run('version').status, 0)
      assert.equal(readFileSync(file ?? '').at(-1), 1)
    }
  })

  test('keeps nothing of what fails, nor under a name that is no command', () => {
    for (const args of [['frobnicate'], ['version', '--frobnicate']]) assert.equal(run(...args).status, 1)
    assert.deepEqual(kept(), [])
  })
})
