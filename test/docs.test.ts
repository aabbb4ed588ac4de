import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { errorCodes } from '../src/errors.ts'

const read = (file: string) => readFileSync(file, 'utf8')
const documents = globSync(['*.md', 'docs/**/*.md'])

test('every error code has a section in docs/errors', () => {
  const sections = globSync('docs/errors/*.md').flatMap(file =>
    [...read(file).matchAll(/^## ([A-Z_0-9]+)$/gm)].map(([, code]) => code),
  )
  assert.deepEqual([...sections].sort(), Object.keys(errorCodes).sort())
})

for (const file of documents)
  test(`every relative link in ${file} leads somewhere`, () => {
    for (const [, target = ''] of read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g))
      assert.ok(existsSync(join(dirname(file), target)), target)
  })

test('the CHANGELOG describes this version', () => {
  const { version } = JSON.parse(read('package.json'))
  assert.ok(read('CHANGELOG.md').includes(`\n## [${version}]`))
})

test('every npm script that the README names exists', () => {
  const { scripts } = JSON.parse(read('package.json'))
  for (const [, name = ''] of read('README.md').matchAll(/`npm (?:run )?([a-z]+)`/g))
    assert.ok(name in scripts || ['install', 'ci'].includes(name), name)
})
