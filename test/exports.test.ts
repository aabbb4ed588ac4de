import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const texts = globSync('{src,test,bench,scripts}/**/*.ts').map(file => [file, readFileSync(file, 'utf8')] as const)

test('a value is exported only if another file has its name', () => {
  const mentions = new Map<string, number>()
  for (const [, text] of texts)
    for (const word of new Set(text.match(/[A-Za-z_$][\w$]*/g))) mentions.set(word, (mentions.get(word) ?? 0) + 1)
  const exported = texts.flatMap(([file, text]) =>
    [...text.matchAll(/^export (?:async )?(?:const|let|function\*?|class) ([A-Za-z_$][\w$]*)/gm)].map(
      ([, name = '']) => [file, name] as const,
    ),
  )
  assert.ok(exported.length > 1000)
  assert.deepEqual(
    exported.filter(([, name]) => mentions.get(name) === 1),
    [],
  )
})
