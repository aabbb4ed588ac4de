import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  booleanFilter,
  matchesExactly,
  matchesExpression,
  matchesLabels,
  matchesPrefix,
  validateFilters,
} from '../../src/engine/filters.ts'

test('a filter that nobody knows is an error', () => {
  assert.throws(() => validateFilters({ nmae: ['x'] }, ['name']), {
    code: 'ENGINE_REQUEST_INVALID',
    message: "invalid filter 'nmae'",
  })
})

test('of several values of a filter one must match, of several labels all', () => {
  assert.ok(matchesExactly({ status: ['exited', 'running'] }, 'status', 'running'))
  assert.ok(!matchesExactly({ status: ['exited'] }, 'status', 'running'))
  assert.ok(matchesLabels({ label: ['a', 'b=1'] }, { a: 'x', b: '1' }))
  assert.ok(!matchesLabels({ label: ['a', 'b=2'] }, { a: 'x', b: '1' }))
  assert.ok(matchesLabels({ label: ['k=a=b'] }, { k: 'a=b' }))
  for (const inherited of ['constructor', 'toString', '__proto__'])
    assert.ok(!matchesLabels({ label: [inherited] }, {}), 'nobody has it: prune would take everything')
})

test('a filter that is not given lets everything pass', () => {
  assert.ok(matchesExactly({}, 'status', 'x') && matchesPrefix({}, 'id', 'x') && matchesLabels({}, {}))
  assert.ok(matchesExpression({}, 'name', ['x']))
})

test('names are expressions, and what is no expression matches only itself', () => {
  assert.ok(matchesExpression({ name: ['web'] }, 'name', ['/shop-web-1']))
  assert.ok(!matchesExpression({ name: ['^web'] }, 'name', ['/shop-web-1', 'shop-web-1']))
  assert.ok(matchesExpression({ name: ['^shop-web-1$'] }, 'name', ['/shop-web-1', 'shop-web-1']))
  assert.ok(!matchesExpression({ name: ['('] }, 'name', ['/x']))
  assert.ok(matchesExpression({ name: ['('] }, 'name', ['(']))
})

test('a filter that is true or false takes the words that Go takes', () => {
  assert.equal(booleanFilter({ dangling: ['1'] }, 'dangling'), true)
  assert.equal(booleanFilter({ dangling: ['False'] }, 'dangling'), false)
  assert.equal(booleanFilter({}, 'dangling'), undefined)
  assert.throws(() => booleanFilter({ dangling: ['maybe'] }, 'dangling'), {
    message: "invalid filter 'dangling=maybe'",
  })
  assert.throws(() => booleanFilter({ dangling: ['true', 'false'] }, 'dangling'))
})
