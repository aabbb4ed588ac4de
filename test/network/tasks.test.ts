import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Batch } from '../../src/network/batch.ts'
import { settleAll } from '../../src/settle.ts'

test('what comes while a batch is under way is done together in the next', async () => {
  const done: string[] = []
  const gate = Promise.withResolvers<void>()
  const batch = new Batch<string>(async items => {
    done.push(items.join(''))
    if (done.length === 1) await gate.promise
  })
  const first = [batch.add('a'), batch.add('b')]
  await new Promise(setImmediate)
  const second = [batch.add('c'), batch.add('d')]
  gate.resolve()
  await Promise.all([...first, ...second])
  await batch.add('e')
  assert.deepEqual(done, ['ab', 'cd', 'e'])
})

test('a batch that fails fails for those in it alone', async () => {
  const batch = new Batch<string>(async items => {
    if (items.includes('bad')) throw new Error('refused')
  })
  await assert.rejects(batch.add('bad'), /refused/)
  await batch.add('good')
})

test('settleAll waits for the slow one when another has failed', async () => {
  let finished = false
  const slow = new Promise<void>(resolve =>
    setImmediate(() => {
      finished = true
      resolve()
    }),
  )
  await assert.rejects(
    settleAll([Promise.reject(new Error('first')), slow, Promise.reject(new Error('second'))]),
    /first/,
  )
  assert.ok(finished)
})
