import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lazily } from '../../src/engine/lazy.ts'

test('what is made lazily is made once, for all who ask', async () => {
  let made = 0
  const get = lazily(async () => ++made)
  assert.deepEqual(await Promise.all([get(), get()]), [1, 1])
  assert.equal(await get(), 1)
})

test('a failure is told to all who wait, and the next one tries again', async () => {
  let tries = 0
  const get = lazily(async () => {
    if (++tries === 1) throw new Error('no room')
    return tries
  })
  const both = await Promise.allSettled([get(), get()])
  assert.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await get(), 2)
})
