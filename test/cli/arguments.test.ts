import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { booleanAssignments, findCommandName } from '../../src/cli/arguments.ts'
import { defineGlobals, resolveGlobals } from '../../src/cli/globals.ts'

function program(): Command {
  const command = new Command('tscompose').enablePositionalOptions()
  defineGlobals(command)
  return command
}

for (const [argv, expected] of [
  [['up', '-d'], 'up'],
  [['-f', 'up', 'down'], 'down'],
  [['--file=up', 'down'], 'down'],
  [['-p', 'x', '--dry-run', '--profile', 'y', 'ps'], 'ps'],
  [['--dry-run'], undefined],
  [['--', 'ls'], 'ls'],
] as const)
  test(`the command of ${argv.join(' ')}`, () => assert.equal(argv[findCommandName(argv, program().options)], expected))

test('flags without a value take one all the same, as docker compose’s do', () => {
  const root = program()
  const ps = root.command('ps').option('-q, --quiet').option('--no-trunc').option('--format <format>')
  const { args, assignments } = booleanAssignments(
    ['--dry-run=true', 'ps', '-q=false', '--no-trunc=true', '--format', '-q=true', 'web'],
    ps,
  )
  assert.deepEqual(args, ['ps', '--format', '-q=true', 'web'])
  assert.deepEqual(
    assignments.map(({ attribute, value }) => [attribute, value]),
    [
      ['dryRun', true],
      ['quiet', false],
      ['trunc', false],
    ],
  )
})

test('flags belong to the command of a group that they stand behind', () => {
  const ls = program().command('container').command('ls').option('-a, --all')
  const { args, assignments } = booleanAssignments(['--dry-run=true', 'container', 'ls', '--all=false'], ls)
  assert.deepEqual(args, ['container', 'ls'])
  assert.deepEqual(
    assignments.map(({ owner, attribute }) => [owner.name(), attribute]),
    [
      ['tscompose', 'dryRun'],
      ['ls', 'all'],
    ],
  )
})

test('what belongs to the program that exec runs is left alone', () => {
  const root = program()
  const exec = root.command('exec').passThroughOptions().option('-T, --no-tty')
  const { args } = booleanAssignments(['exec', '-T=true', 'web', 'run', '-T=true'], exec)
  assert.deepEqual(args, ['exec', 'web', 'run', '-T=true'])
})

test('the environment stands in for flags, and flags stand over it', () => {
  const env = { COMPOSE_ANSI: 'never', COMPOSE_PROGRESS: 'json', COMPOSE_PARALLEL_LIMIT: '3', COMPOSE_ENV_FILES: 'a,b' }
  assert.partialDeepStrictEqual(resolveGlobals({}, env), {
    ansi: 'never',
    progress: 'json',
    parallel: 3,
    envFiles: ['a', 'b'],
  })
  assert.partialDeepStrictEqual(
    resolveGlobals({ ansi: 'auto', progress: 'quiet', parallel: '-1', envFile: ['c'] }, env),
    {
      ansi: 'auto',
      progress: 'quiet',
      parallel: Number.POSITIVE_INFINITY,
      envFiles: ['c'],
    },
  )
})

for (const [raw, env, message] of [
  [{ progress: 'x' }, {}, 'unsupported --progress value "x"'],
  [{ progress: 'tty', ansi: false as const }, {}, /tty/],
  [{ progress: 'plain', ansi: 'always' }, {}, /plain/],
  [{ workdir: 'a', projectDirectory: 'b' }, {}, /--workdir/],
  [{}, { COMPOSE_PARALLEL_LIMIT: 'x' }, 'COMPOSE_PARALLEL_LIMIT must be an integer (found: "x")'],
] as const)
  test(`${JSON.stringify(raw)} ${JSON.stringify(env)} is refused`, () =>
    assert.throws(() => resolveGlobals(raw, env), { code: 'CLI_FLAG', message }))
