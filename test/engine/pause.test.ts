import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Bench, exec, run, skip } from './fixture.ts'

test('a container that stood still only for a commit goes on under the next engine', { skip }, async () => {
  await using bench = await Bench.make()
  const first = await bench.open()
  const [paused = '', committed = ''] = [
    await run(first, bench, ['sleep', '1000']),
    await run(first, bench, ['sleep', '1000']),
  ]
  for (const id of [paused, committed]) await first.containerPause(id)
  await first[Symbol.asyncDispose]()
  const file = join(bench.dataDir, 'containers', committed, 'container.json')
  const record = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify({ ...record, state: { ...record.state, forCommit: true } }))

  await using next = await bench.open()
  assert.equal((await next.containerInspect(paused)).State.Status, 'paused')
  assert.equal((await next.containerInspect(committed)).State.Status, 'running')
  assert.equal((await exec(next, committed, ['echo', 'awake'])).text, 'awake\n')
  assert.doesNotMatch(readFileSync(file, 'utf8'), /forCommit/)
})
