import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from '../../src/engine/http/detach-keys.ts'

const keys = (text: string) => [...parseDetachKeys(text)]

test('keys are characters, control characters and DEL', () => {
  assert.deepEqual(keys(DEFAULT_DETACH_KEYS), [16, 17])
  assert.deepEqual(
    keys('a,ctrl-@,ctrl-Z,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,DEL'),
    [97, 0, 26, 27, 28, 29, 30, 31, 127],
  )
  for (const wrong of ['', 'ab', 'ctrl-1', 'ctrl-', 'a,,b', 'ä'])
    assert.throws(() => keys(wrong), { code: 'ENGINE_REQUEST_INVALID', message: /Invalid escape keys/ })
})

/** Types `chunks`; what goes to the process, and `!` where it detaches. */
function typed(text: string, ...chunks: string[]): string {
  const detach = new DetachKeys(parseDetachKeys(text))
  let seen = ''
  for (const chunk of chunks) {
    const { typed, detached } = detach.push(Buffer.from(chunk))
    seen += Buffer.from(typed) + (detached ? '!' : '')
    if (detached) break
  }
  return seen
}

for (const [text, chunks, expected] of [
  ['a,b,c', ['xyz'], 'xyz'],
  ['a,b,c', ['xabcy'], 'x!'],
  ['a,b,c', ['xa', 'b', 'c'], 'x!'],
  ['a,b,c', ['ab', 'x'], 'abx'],
  ['a,b,c', ['ab', 'abc'], 'ab!'],
  ['a,a,b', ['aaab'], 'a!'],
  ['a,b', ['a'], ''],
  ['q', ['aq'], 'a!'],
] as const)
  test(`of the keys ${text}, ${chunks.join('|')} becomes ${expected || 'nothing yet'}`, () =>
    assert.equal(typed(text, ...chunks), expected))
