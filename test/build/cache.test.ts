import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bytesToKeep, type Kept, mayGo, overBudget } from '../../src/build/cache/budget.ts'
import { Journal } from '../../src/build/cache/journal.ts'
import { reasonToRun } from '../../src/build/cache/reasons.ts'
import type { CacheRecord, StepDescription } from '../../src/build/cache/record.ts'
import { temporaryDirectory } from '../temporary.ts'

const step = (change: Partial<StepDescription> = {}): StepDescription => ({
  parent: 'p',
  keyword: 'COPY',
  text: 'COPY . .',
  variables: {},
  files: { a: '1', b: '2' },
  ...change,
})
const record = (change: Partial<CacheRecord> = {}): CacheRecord => ({
  ...{ key: 'k', id: 'i', directory: 'd', size: 10, created: '2024-01-01T00:00:00Z', used: 1, uses: 0, about: step() },
  ...change,
})
const asked = { belowIsNew: false, noCache: false }

test('a step says which of its files has changed, is new or gone', () => {
  const earlier = [record()]
  assert.equal(reasonToRun(step({ files: { a: '9', b: '2' } }), earlier, asked), 'a changed')
  assert.equal(reasonToRun(step({ files: { b: '2', c: '3' } }), earlier, asked), 'a is gone, c is new')
})

test('a step says which argument has changed, and from what', () => {
  const about = step({ keyword: 'RUN', text: 'RUN make', files: {}, variables: { WHO: 'file' } })
  const now = { ...about, variables: { WHO: 'cli' } }
  assert.equal(reasonToRun(now, [record({ about })], asked), 'WHO was "file" and is "cli"')
})

test('what has never been built has no reason', () => assert.equal(reasonToRun(step(), [], asked), undefined))

const kept = (key: string, used: number, more: Partial<Kept> = {}): Kept => ({
  ...{ key, used, size: 10, inUse: false, shared: false, wanted: false },
  ...more,
})

test('what was used longest ago goes first, and what is in use, of an image or of a project stays', () => {
  const all = [
    kept('new', 3),
    kept('old', 1),
    kept('image', 0, { shared: true }),
    kept('busy', 0, { inUse: true }),
    kept('project', 0, { wanted: true }),
  ]
  assert.deepEqual(overBudget(all, 40), [])
  assert.deepEqual(overBudget(all, 30), ['old'])
  assert.deepEqual(overBudget(all, 0), ['old', 'new'])
})

test('a rule lets go what is of its type and has not been used for long', () => {
  const allowed = mayGo({ budget: 0, types: ['regular'], unusedForMs: 10 }, 100)
  assert.ok(allowed({ used: 90 }, 'regular'))
  assert.ok(!allowed({ used: 91 }, 'regular'))
  assert.ok(!allowed({ used: 0 }, 'exec.cachemount'))
  const all = [kept('old', 1), kept('older', 0)]
  assert.deepEqual(
    overBudget(all, 0, ({ key }) => key === 'old'),
    ['old'],
  )
})

test('a journal knows what projects use, until they are gone', async t => {
  const directory = temporaryDirectory('journal', t)
  {
    using journal = (await Journal.open(directory)).journal
    journal.append({ project: 'a', last: { directory: '/a', keys: ['one'] } })
    journal.append({ project: 'b', last: { directory: '/b', keys: ['two'] } })
    journal.append({ project: 'a', last: { directory: '/a', keys: ['three'] } })
    journal.append({ project: 'b' })
    for (let line = 0; line < 100; line++) journal.append({ remove: ['none'] })
    await journal.synced()
  }
  // The second time it has been written anew.
  for (const _ of [1, 2]) {
    const { journal, projects, damaged } = await Journal.open(directory)
    using _journal = journal
    assert.deepEqual([[...projects], damaged], [[['a', { directory: '/a', keys: ['three'] }]], 0])
  }
})

test('a journal of which the end is torn off gives all that was whole', async t => {
  const directory = temporaryDirectory('journal', t)
  {
    using journal = (await Journal.open(directory)).journal
    journal.append({ add: record({ key: 'one' }) })
    journal.append({ add: record({ key: 'two' }) })
    journal.append({ remove: ['one'] })
    await journal.synced()
  }
  appendFileSync(join(directory, 'journal'), '{"add":{"key":"thr')
  for (const _ of [1, 2]) {
    const { journal, records } = await Journal.open(directory)
    using _journal = journal
    assert.deepEqual([...records.keys()], ['two'])
  }
})

for (const [wishes, kept] of [
  [{}, 0],
  [{ reservedSpace: 30 }, 30],
  [{ maxUsedSpace: 50 }, 50],
  [{ maxUsedSpace: 20, reservedSpace: 30 }, 30],
  [{ minFreeSpace: 10 }, Number.POSITIVE_INFINITY],
  [{ minFreeSpace: 50 }, 60],
  [{ minFreeSpace: 50, maxUsedSpace: 40 }, 40],
  [{ minFreeSpace: 500, reservedSpace: 30 }, 30],
] as const)
  test(`of 100 bytes with 10 free, ${JSON.stringify(wishes)} leaves ${kept}`, () =>
    assert.equal(bytesToKeep(wishes, 100, 10), kept))
