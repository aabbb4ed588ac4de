import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply } from '../../src/compose/apply/apply.ts'
import { PlanBuilder } from '../../src/compose/plan/builder.ts'
import type { Planned } from '../../src/compose/plan/plan.ts'

const never = new AbortController().signal
const defaults = { signal: never, parallel: Number.POSITIVE_INFINITY, keepGoing: false }
const checkpoint = (name: string) => ({ op: 'checkpoint', name }) as const
const name = ({ step }: Planned) => (step.op === 'checkpoint' ? step.name : '')
const turn = () => new Promise<void>(resolve => setImmediate(resolve))

/** a -> slow -> end, b -> quick: what `quick` waits for is done long before `slow` is. */
function twoBranches() {
  const plan = new PlanBuilder()
  const a = plan.add(checkpoint('a'), '')
  const b = plan.add(checkpoint('b'), '')
  const slow = plan.add(checkpoint('slow'), '', [a])
  plan.add(checkpoint('quick'), '', [b])
  plan.add(checkpoint('end'), '', [slow])
  return plan.build()
}

test('a step runs the moment its own predecessors are done, whatever else is under way', async () => {
  const done: string[] = []
  const slow = Promise.withResolvers<void>()
  const all = apply(
    twoBranches(),
    async planned => {
      if (name(planned) === 'slow') await slow.promise
      done.push(name(planned))
    },
    defaults,
  )
  await turn()
  assert.deepEqual(done, ['a', 'b', 'quick'])
  slow.resolve()
  await all
  assert.deepEqual(done, ['a', 'b', 'quick', 'slow', 'end'])
})

test('no more steps are under way at once than asked for', async () => {
  const plan = new PlanBuilder()
  for (let i = 0; i < 7; i++) plan.add(checkpoint(String(i)), '')
  let now = 0
  let most = 0
  await apply(
    plan.build(),
    async () => {
      most = Math.max(most, ++now)
      await turn()
      now--
    },
    { ...defaults, parallel: 3 },
  )
  assert.equal(most, 3)
})

test('after a failure nothing more is begun, and what waits is told', async () => {
  const begun: string[] = []
  const failure = new Error('broken')
  const waitEnded = Promise.withResolvers<unknown>()
  await assert.rejects(
    apply(
      twoBranches(),
      async (planned, signal) => {
        begun.push(name(planned))
        if (name(planned) === 'a') {
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))).catch(
            reason => {
              waitEnded.resolve(reason)
              throw reason
            },
          )
        }
        if (name(planned) === 'b') throw failure
      },
      defaults,
    ),
    error => error === failure,
  )
  assert.equal(await waitEnded.promise, failure)
  assert.deepEqual(begun, ['a', 'b'])
})

test('failures of steps that were under way together are all reported', async () => {
  const plan = new PlanBuilder()
  plan.add(checkpoint('one'), '')
  plan.add(checkpoint('two'), '')
  await assert.rejects(
    apply(
      plan.build(),
      async planned => {
        await turn()
        throw new Error(name(planned))
      },
      defaults,
    ),
    error => error instanceof AggregateError && error.errors.map(({ message }) => message).join() === 'one,two',
  )
})

test('taking down goes on after a failure, but not with what needs the failed step', async () => {
  const plan = new PlanBuilder()
  const stop = plan.add(checkpoint('stop'), '')
  const remove = plan.add(checkpoint('remove'), '', [stop])
  plan.add(checkpoint('next stop'), '', [stop], { tolerant: true })
  plan.add(checkpoint('network'), '', [remove], { tolerant: true })
  const begun: string[] = []
  await assert.rejects(
    apply(
      plan.build(),
      async planned => {
        begun.push(name(planned))
        if (name(planned) === 'stop') throw new Error('cannot')
      },
      { ...defaults, keepGoing: true },
    ),
    /cannot/,
  )
  assert.deepEqual(begun.sort(), ['network', 'next stop', 'stop'])
})

test('an interrupt lets what has begun come to its end and begins nothing more', async () => {
  const interrupt = new AbortController()
  const done: string[] = []
  await assert.rejects(
    apply(
      twoBranches(),
      async planned => {
        if (name(planned) === 'a') interrupt.abort(new Error('Ctrl-C'))
        await turn()
        done.push(name(planned))
      },
      { ...defaults, signal: interrupt.signal },
    ),
    /Ctrl-C/,
  )
  assert.deepEqual(done, ['a'])
})
