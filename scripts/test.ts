/**
 * The one command behind `npm test`: types, lint, unit tests, end-to-end tests. `npm test -- unit` runs one stage,
 * `npm test -- e2e test/e2e/shop.test.ts` some files of it.
 *
 * What differs with the kernel and with what else runs on a machine is tested again in a virtual machine, where
 * TSCOMPOSE_TEST_VM is a shell command that runs the command which follows it as root in one.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const bin = (name: string) => `node_modules/.bin/${name}`
const tests = (...patterns: string[]) => globSync(patterns).sort()

interface Stage {
  readonly command: string
  readonly args: readonly string[]
  /** What is run, one part after the other; the files given on the command line instead. */
  readonly parts?: readonly (readonly string[])[]
  /** Why it does not run, or false. */
  readonly skip?: string | false
}

const vm = process.env.TSCOMPOSE_TEST_VM

const stages: Record<string, Stage> = {
  types: { command: bin('tsc'), args: ['--noEmit'] },
  lint: { command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  unit: {
    command: process.execPath,
    // Most of their time is spent waiting, which Node's default, a processor less than there are, makes nothing of.
    args: ['--test', `--test-concurrency=${availableParallelism() + 1}`, '--test-timeout=120000'],
    parts: [tests('test/*.test.ts', 'test/!(e2e)/**/*.test.ts')],
  },
  // One file at a time: the leak check compares the whole machine before and after.
  e2e: {
    command: process.execPath,
    args: ['--test', '--test-concurrency=1', '--test-timeout=300000'],
    parts: [tests('test/e2e/**/*.test.ts')],
  },
  // Slow, if the processor is emulated: a few files, with time. Each part has a machine of its own, which none keeps for hours.
  vm: {
    command: 'sh',
    args: [
      ...['-c', `exec ${vm} "$@"`, 'sh', 'env', 'TSCOMPOSE_TEST_PATIENCE=10'],
      ...[process.execPath, '--test', '--test-concurrency=1', '--test-timeout=3600000'],
    ],
    parts: [
      ['test/e2e/limits.test.ts', 'test/e2e/limit-flags.test.ts', ...tests('test/runtime/*cgroup.test.ts')],
      ['test/e2e/systemd.test.ts', 'test/e2e/apparmor.test.ts', 'test/e2e/oom-score.test.ts'],
      ['test/network/isolation.test.ts', 'test/network/parents.test.ts', 'test/network/ports.test.ts'],
      ['test/network/firewalld.test.ts'],
      ['test/network/ufw.test.ts'],
    ],
    skip: vm ? false : 'TSCOMPOSE_TEST_VM names no command that runs another in a virtual machine',
  },
}

const [only, ...files] = process.argv.slice(2)
if (only !== undefined && !(only in stages)) {
  console.error(`no stage "${only}": one of ${Object.keys(stages).join(', ')}`)
  process.exit(2)
}
for (const [name, stage] of Object.entries(stages)) {
  if (only !== undefined && name !== only) continue
  if (stage.skip) {
    console.log(`\n== ${name}: skipped: ${stage.skip}`)
    continue
  }
  console.log(`\n== ${name}`)
  const began = performance.now()
  const parts = files.length > 0 ? [files] : (stage.parts ?? [[]])
  const failed = parts.filter(
    part => spawnSync(stage.command, [...stage.args, ...part], { stdio: 'inherit' }).status !== 0,
  )
  const isPassed = failed.length === 0
  console.log(`== ${name}: ${isPassed ? 'passed' : 'FAILED'} in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  if (!isPassed) process.exit(1)
}
