/**
 * The one command behind `npm test`: types, lint, unit tests, end-to-end tests. `npm test -- unit` runs one stage,
 * `npm test -- e2e test/e2e/shop.test.ts` some files of it.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

const bin = (name: string) => `node_modules/.bin/${name}`
const tests = (...patterns: string[]) => globSync(patterns).sort()

interface Stage {
  readonly command: string
  readonly args: readonly string[]
  /** Takes the files given on the command line instead of its own. */
  readonly files?: readonly string[]
}

const stages: Record<string, Stage> = {
  types: { command: bin('tsc'), args: ['--noEmit'] },
  lint: { command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  unit: {
    command: process.execPath,
    args: ['--test', '--test-timeout=120000'],
    files: tests('test/*.test.ts', 'test/!(e2e)/**/*.test.ts'),
  },
  // One file at a time: the leak check compares the whole machine before and after.
  e2e: {
    command: process.execPath,
    args: ['--test', '--test-concurrency=1', '--test-timeout=300000'],
    files: tests('test/e2e/**/*.test.ts'),
  },
}

const [only, ...files] = process.argv.slice(2)
if (only !== undefined && !(only in stages)) {
  console.error(`no stage "${only}": one of ${Object.keys(stages).join(', ')}`)
  process.exit(2)
}
for (const [name, stage] of Object.entries(stages)) {
  if (only !== undefined && name !== only) continue
  console.log(`\n== ${name}`)
  const began = performance.now()
  const { status } = spawnSync(stage.command, [...stage.args, ...(files.length > 0 ? files : (stage.files ?? []))], {
    stdio: 'inherit',
  })
  console.log(
    `== ${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - began) / 1000).toFixed(1)} s`,
  )
  if (status !== 0) process.exit(1)
}
