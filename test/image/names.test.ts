import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chainIds } from '../../src/image/chain-id.ts'
import type { Digest } from '../../src/image/image.ts'
import { named, namesOf, planRemoval, resolve, withImage } from '../../src/image/names.ts'
import { parseReference } from '../../src/image/reference.ts'
import { emptyState, type StoreState } from '../../src/image/state.ts'

const id = (start: string): Digest => `sha256:${start.padEnd(64, '0')}`
const a = id('aa1')
const b = id('aa2')
const digest = id('d')

/** A store with the images `a` and `b` under these names. */
function storeOf(namesOfA: readonly string[], namesOfB: readonly string[] = []): StoreState {
  const both = withImage(withImage(emptyState, a, id('1')), b, id('2'))
  return named(named(both, a, ...namesOfA.map(parseReference)), b, ...namesOfB.map(parseReference))
}

const state = storeOf(['nginx', 'nginx:1', `nginx@${digest}`], ['aa1:latest', 'ghcr.io/x/y:2'])
const meanings: [string, Digest | undefined, string | undefined][] = [
  ['nginx', a, 'docker.io/library/nginx:latest'],
  ['docker.io/library/nginx:1', a, 'docker.io/library/nginx:1'],
  [`nginx@${digest}`, a, `docker.io/library/nginx@${digest}`],
  [`nginx:other@${digest}`, a, `docker.io/library/nginx@${digest}`],
  ['ghcr.io/x/y:2', b, 'ghcr.io/x/y:2'],
  ['nginx:2', undefined, undefined],
  [`other@${digest}`, undefined, undefined],
  [a, a, undefined],
  [a.slice(7), a, undefined],
  ['aa10', a, undefined],
  ['sha256:aa2', b, undefined],
  ['aa1', b, 'docker.io/library/aa1:latest'], // a name goes before an id
  ['aa', undefined, undefined], // two ids begin so
  ['sha256:aa', undefined, undefined],
  [id('ff'), undefined, undefined],
]
for (const [text, id, name] of meanings)
  test(`${text.slice(0, 40)} means ${id ? `the image ${id.slice(7, 10)}` : 'nothing'}`, () =>
    assert.deepEqual(resolve(state, text), id && { target: id, ...(name && { name }) }))

test('what can be neither a name nor an id is refused', () =>
  assert.throws(() => resolve(state, 'No Name'), { code: 'IMAGE_REFERENCE_INVALID' }))

test('names are shown in the familiar form', () =>
  assert.deepEqual(namesOf(state, a), { repoTags: ['nginx:1', 'nginx:latest'], repoDigests: [`nginx@${digest}`] }))

test('a name belongs to one image', () => {
  const moved = named(state, b, parseReference('nginx:1'))
  assert.deepEqual(namesOf(moved, a).repoTags, ['nginx:latest'])
  assert.deepEqual(namesOf(moved, b).repoTags, ['aa1:latest', 'ghcr.io/x/y:2', 'nginx:1'])
})

/** Names of the image, what is removed, by force?, names taken off (undefined: refused), does the image go? */
const removals: [string[], string, boolean, string[] | undefined, boolean][] = [
  [['x:1'], 'x:1', false, ['x:1'], true],
  [['x:1', 'x:2'], 'x:1', false, ['x:1'], false],
  [['x:1', 'x:2'], 'x:1', true, ['x:1'], false],
  [['x:1', `x@${digest}`], 'x:1', false, ['x:1', `x@${digest}`], true],
  [['x:1', 'x:2', `x@${digest}`], 'x:1', false, ['x:1'], false],
  [['x:1', `x@${digest}`, 'y:1'], 'x:1', false, ['x:1', `x@${digest}`], false],
  [['x:1', `x@${digest}`], `x@${digest}`, false, [`x@${digest}`], false],
  [['x:1', `x@${digest}`], a, false, ['x:1', `x@${digest}`], true],
  [[], a, false, [], true],
  [['x:1', 'x:2'], a, false, undefined, false],
  [['x:1', 'y:1'], a, false, undefined, false],
  [['x:1', 'y:1'], a, true, ['x:1', 'y:1'], true],
]
for (const [names, what, force, untagged, deletes] of removals)
  test(`removing ${what.slice(0, 14)} of [${names.map(name => name.slice(0, 9))}]${force ? ' by force' : ''}`, () => {
    const state = storeOf(names)
    const found = resolve(state, what) ?? assert.fail()
    if (!untagged) {
      const message = `conflict: unable to delete ${a.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`
      assert.throws(() => planRemoval(state, found, force), { code: 'IMAGE_CONFLICT', message })
      return
    }
    const removal = planRemoval(state, found, force)
    assert.deepEqual(removal.untagged, untagged)
    assert.deepEqual(removal.deleted, deletes ? [a] : [])
    assert.equal(a in removal.state.images, !deletes)
    const left = namesOf(removal.state, a)
    assert.deepEqual(
      [...left.repoTags, ...left.repoDigests],
      names.filter(name => !untagged.includes(name)),
    )
  })

test('chain ids are those of the image specification', () => {
  // `printf "$lower $upper" | sha256sum`
  const [first, second] = chainIds([
    'sha256:5b1fa8e3e100361047a74cdf2a8c5a4ba1b2b1b5f8f8b5c1c5b5a5b5a5b5a5b5',
    'sha256:5b1fa8e3e100361047a74cdf2a8c5a4ba1b2b1b5f8f8b5c1c5b5a5b5a5b5a5b6',
  ])
  assert.equal(first, 'sha256:5b1fa8e3e100361047a74cdf2a8c5a4ba1b2b1b5f8f8b5c1c5b5a5b5a5b5a5b5')
  assert.equal(second, 'sha256:38d8e849788d1ea2955de7dacd10faa5f5d8368bd22da94e8d99c51962d3f373')
})
