import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closest } from '../src/suggest.ts'

for (const [word, candidates, meant] of [
  ['registry-mirors', ['init', 'registry-mirrors'], 'registry-mirrors'],
  ['dsn', ['dns', 'init'], 'dns'],
  ['WEB', ['db', 'web'], 'web'],
] as const)
  test(`${word} was probably meant to be ${meant}`, () => assert.equal(closest(word, candidates), meant))

for (const [word, candidates] of [
  ['storage-driver', ['init', 'dns']],
  ['ad', ['db']],
  ['x'.repeat(1000), [`${'x'.repeat(999)}y`]],
] as const)
  test(`${word.slice(0, 20)} is nobody's slip of the finger`, () => assert.equal(closest(word, candidates), undefined))
