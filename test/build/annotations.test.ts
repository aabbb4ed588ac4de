import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotationsFor, assertPlaces, parseAnnotation } from '../../src/build/annotations.ts'

const arm = { os: 'linux', architecture: 'arm64' }
const amd = { os: 'linux', architecture: 'amd64' }

test('an annotation goes into the manifests unless it says where', () => {
  const all = ['a=1', 'index,manifest[arm64]:b=x:y=z', 'manifest-descriptor[linux/amd64]:c='].flatMap(parseAnnotation)
  assert.deepEqual(annotationsFor(all, 'manifest', amd), { a: '1' })
  assert.deepEqual(annotationsFor(all, 'manifest', arm), { a: '1', b: 'x:y=z' })
  assert.deepEqual(annotationsFor(all, 'index'), { b: 'x:y=z' })
  assert.deepEqual(annotationsFor(all, 'manifest-descriptor', amd), { c: '' })
  assert.deepEqual(annotationsFor(all, 'manifest-descriptor', arm), {})
})

test('a key may have a colon', () =>
  assert.deepEqual(parseAnnotation('a.b/c:d=e'), [{ place: 'manifest', key: 'a.b/c:d', value: 'e' }]))

test('what has no place is refused', () => {
  for (const text of ['', 'a', '=x', 'nowhere:a=b', 'index-descriptor:a=b', 'manifest[a/b/c/d]:a=b'])
    assert.throws(() => parseAnnotation(text), { code: 'BUILD_ANNOTATION_INVALID' }, text)
  assert.throws(() => assertPlaces(parseAnnotation('index:a=b'), false), {
    message: 'index annotations not supported for single platform export: a',
  })
  assertPlaces(parseAnnotation('index:a=b'), true)
})
