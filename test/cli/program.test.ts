import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { Command } from 'commander'
import type { Cli } from '../../src/cli/cli.ts'
import { commands } from '../../src/cli/commands.ts'
import { temporaryDirectory } from '../temporary.ts'

const launcher = resolve('bin/tscompose')
const folder = temporaryDirectory('cli')

/** Runs the program in an empty folder, where it finds neither a project nor an engine. */
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(launcher, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TSCOMPOSE_DATA: join(folder, 'data'), TSCOMPOSE_RUN: join(folder, 'run') },
  })
  return { status, stdout, stderr }
}

test('the launcher works through symbolic links', () => {
  const link = join(folder, 'link')
  symlinkSync(launcher, link)
  const { status, stdout } = spawnSync(link, ['version', '--short'], { cwd: '/', encoding: 'utf8' })
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  assert.equal(status, 0)
})

test('a reader that takes its time gets everything', () => {
  const labels = Array.from({ length: 5000 }, (_, i) => `      label-${i}: ${'x'.repeat(40)}\n`).join('')
  const file = join(folder, 'large.yaml')
  writeFileSync(file, `name: large\nservices:\n  a:\n    image: i\n    labels:\n${labels}`)
  const piped = `"${launcher}" -f "${file}" config | { sleep 0.3; grep -c label-; }`
  assert.equal(spawnSync('sh', ['-c', piped], { encoding: 'utf8' }).stdout, '5000\n')
})

test('help is on stdout and names every command', () => {
  for (const args of [[], ['--help'], ['-h'], ['help']]) {
    const { status, stdout, stderr } = run(...args)
    assert.equal(status, 0)
    assert.equal(stderr, '')
    for (const [name, { hidden }] of Object.entries(commands))
      if (!hidden) assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
  }
})

for (const [name, entry] of Object.entries(commands)) {
  test(`${name} --help`, () => {
    const { status, stdout, stderr } = run(name, '--help')
    assert.equal(stderr, '')
    assert.match(stdout, new RegExp(`^Usage: tscompose ${name}[ |]`))
    assert.equal(status, 0)
  })
  if ('loadGroup' in entry)
    test(`${name} names its commands, and each of them has help`, async () => {
      const { commands } = await entry.loadGroup()
      const { status, stdout } = run(name)
      assert.equal(status, 0)
      for (const own of Object.keys(commands)) assert.match(stdout, new RegExp(`^  ${own} `, 'm'))
      const last = Object.keys(commands).at(-1) ?? ''
      for (const args of [
        [name, last, '--help'],
        ['help', name, last],
        [name, 'help', last],
      ])
        assert.match(run(...args).stdout, new RegExp(`^Usage: tscompose ${name} ${last}[ |]`))
      // Loaded here instead of in a process for each: a declaration that commander refuses throws.
      for (const [own, leaf] of Object.entries(commands))
        if ('load' in leaf)
          (await leaf.load()).define(new Command('group').enablePositionalOptions().command(own), {} as Cli)
    })
}

for (const [args, message] of [
  [['frobnicate'], /^unknown command: "frobnicate"\nSee 'tscompose --help'.\n$/],
  [['lgos'], /^unknown command: "lgos"\n\(Did you mean logs\?\)\nSee 'tscompose --help'.\n$/],
  [['inspect', 'a'], /\(Did you mean container inspect, or .*image inspect.*\?\)/],
  [['image', 'frob'], /^unknown command: "frob" for "tscompose image"\nSee 'tscompose image --help'.\n$/],
  [['image', '--frob'], /^unknown flag: --frob\nSee 'tscompose image --help'.\n$/],
  [['up', '--no-such-flag'], /^unknown flag: --no-such-flag\nSee 'tscompose up --help'.\n$/],
  [['compose', 'up'], /^unknown command: "compose"\n\(Leave it out: tscompose up, tscompose ps, …\)\n/],
  [['rmi', 'x'], /^unknown command: "rmi"\n\(Did you mean image rm\?\)\n/],
  [['up', '-f', 'x.yaml'], /^unknown shorthand flag: 'f' in -f\n\(It goes before the command: tscompose -f …\)\n/],
  [['up', '--profile=x'], /^unknown flag: --profile=x\n\(It goes before the command: tscompose --profile …\)\n/],
  [['up', '-x'], /^unknown shorthand flag: 'x' in -x\nSee 'tscompose up --help'.\n$/],
  [['-f'], /^flag needs an argument: --file\nSee 'tscompose --help'.\n$/],
  [['exec'], /^missing required argument 'SERVICE'\nSee 'tscompose exec --help'.\n$/],
  [['--progress', 'x', 'version'], /^unsupported --progress value "x"/],
  [['up', '--force-recreate', '--no-recreate'], /^--force-recreate and --no-recreate are incompatible/],
  [['up', '--attach', 'a', '--no-attach', 'b', '-d'], /^--detach cannot be combined/],
  [['ps', '--status', 'well'], /^unknown status "well"/],
  [['ps', '--filter', 'x'], /^arguments to --filter should be in form KEY=VAL/],
  [['logs', '--index', '1'], /^--index requires one service to be selected/],
  [['config'], /no configuration file provided: not found/],
  [['-p', 'Not Valid!', 'ps'], /^invalid project name "Not Valid!"/],
] as const)
  test(`tscompose ${args.join(' ')}: one message on stderr, exit code 1`, () => {
    const { status, stdout, stderr } = run(...args)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /^ +at /m)
    assert.equal(stdout, '')
    assert.equal(status, 1)
  })

test('an env file is ours to read, not that of Node', () => {
  const yaml = join(folder, 'env-file.yaml')
  writeFileSync(yaml, 'services: { a: { image: "busybox:${TSCOMPOSE_TEST_WORD}" } }\n')
  const missing = run('-f', yaml, '--env-file', '/no/such', 'config')
  assert.match(missing.stderr, /couldn't find env file: \/no\/such/)
  assert.equal(missing.status, 1)
})

test('a file that cannot be read is told before anything is done', () => {
  for (const words of [
    ['image', 'load', '-i', '/no/such'],
    ['image', 'import', '/no/such', 'a:b'],
    ['container', 'exec', '--env-file', '/no/such', 'a', 'true'],
  ]) {
    const { status, stderr } = run(...words)
    assert.match(stderr, /^cannot read \/no\/such: .*\[CLI_FLAG\]\n$/)
    assert.equal(status, 1)
  }
})
