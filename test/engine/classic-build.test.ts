import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BuildMessage } from '../../src/engine/api.ts'
import { classicLines } from '../../src/engine/http/classic-build.ts'
import { TscomposeError } from '../../src/errors.ts'

type StepProgress = Extract<BuildMessage, { type: 'step' }>['step']

const step = (
  id: number,
  number: number,
  text: string,
  state: StepProgress['state'],
  result?: string,
): BuildMessage => ({
  type: 'step',
  step: {
    id,
    name: text,
    state,
    started: 0,
    instruction: { number, of: 4, text, hasLayer: !text.startsWith('CMD'), ...(result && { result }) },
  },
})
const log = (id: number, line: string): BuildMessage => ({ type: 'log', id, stream: 'stdout', line })

async function lines(messages: readonly BuildMessage[], failure?: Error, quiet = false): Promise<string> {
  async function* all() {
    yield* messages
    if (failure) throw failure
  }
  const said: string[] = []
  for await (const { stream, ...rest } of classicLines(all(), quiet)) said.push(stream ?? `${JSON.stringify(rest)}\n`)
  return said.join('')
}

test('steps that go on side by side are told one after the other', async () => {
  const messages = [
    step(1, 1, 'FROM a', 'cached', 'a1'),
    step(2, 3, 'FROM b', 'cached', 'b1'),
    step(3, 4, 'RUN two', 'running'),
    step(4, 2, 'RUN one', 'running'),
    log(3, 'of two'),
    log(4, 'of one'),
    step(3, 4, 'RUN two', 'done', 'b2'),
    log(4, 'more of one'),
    step(4, 2, 'RUN one', 'done', 'a2'),
    { type: 'image', id: `sha256:${'c'.repeat(64)}`, names: ['app', 'reg:5000/app:2'] },
  ] satisfies BuildMessage[]
  assert.equal(
    await lines(messages),
    `Step 1/4 : FROM a
 ---> a1
Step 2/4 : RUN one
of one
more of one
 ---> a2
Step 3/4 : FROM b
 ---> b1
Step 4/4 : RUN two
of two
 ---> b2
{"aux":{"ID":"sha256:${'c'.repeat(64)}"}}
Successfully built cccccccccccc
Successfully tagged app:latest
Successfully tagged reg:5000/app:2
`,
  )
  assert.equal(
    await lines(messages, undefined, true),
    `{"aux":{"ID":"sha256:${'c'.repeat(64)}"}}\nsha256:${'c'.repeat(64)}\n`,
  )
})

test('a step that is cached says so; a command that fails has its exit code', async () => {
  const messages = [
    step(1, 1, 'FROM a', 'cached', 'a1'),
    step(2, 2, 'RUN one', 'cached', 'a2'),
    step(3, 3, 'RUN two', 'running'),
    log(3, 'oh'),
    step(3, 3, 'RUN two', 'failed'),
  ]
  const failure = new TscomposeError(
    'BUILD_STEP_FAILED',
    'process "/bin/sh -c two" did not complete successfully: exit code: 7',
  )
  assert.equal(
    await lines(messages, failure),
    `Step 1/4 : FROM a
 ---> a1
Step 2/4 : RUN one
 ---> Using cache
 ---> a2
Step 3/4 : RUN two
oh
${JSON.stringify({
  errorDetail: { code: 7, message: "The command '/bin/sh -c two' returned a non-zero code: 7" },
  error: "The command '/bin/sh -c two' returned a non-zero code: 7",
})}
`,
  )
})

test('another failure stays one', async () => {
  const failure = new TscomposeError('BUILD_TARGET_UNKNOWN', 'there is none')
  await assert.rejects(lines([], failure), failure)
})
