import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IgnoreRules, parseIgnoreFile } from '../src/ignore.ts'

/** Patterns, then paths they leave out and paths they do not. */
const cases: [patterns: string[], ignored: string[], kept: string[]][] = [
  [['node_modules'], ['node_modules', 'node_modules/a/b.js'], ['src/node_modules', 'node_modules2']],
  [['/build/'], ['build', 'build/x'], ['src/build']],
  [['*.log'], ['a.log'], ['logs/a.log', 'a.log.txt']],
  [['**/*.log'], ['a.log', 'logs/deep/a.log'], ['a.logs']],
  [['**/cache'], ['cache/x', 'a/b/cache/x'], ['a/caches']],
  [['a/**'], ['a/b', 'a/b/c'], ['b/a']],
  [['a/**/z'], ['a/z', 'a/b/c/z'], ['a/zz']],
  [
    ['*', '!keep', '!src/**'],
    ['other', 'a/keep'],
    ['keep', 'keep/all', 'src/a/b'],
  ],
  [['docs', '!docs/README.md'], ['docs/a.md', 'docs'], ['docs/README.md']],
  [['!a', 'a'], ['a'], []],
  [['file?.txt'], ['file1.txt'], ['file.txt', 'file12.txt']],
  [
    ['[a-c]x', '[^d]y'],
    ['ax', 'ay'],
    ['dx', 'dy'],
  ],
  [['a\\*b'], ['a*b'], ['axb']],
  [['./x/../y'], ['y/z'], ['x']],
  [['a.b'], ['a.b'], ['aXb']],
  [['', '.', '!'], [], ['a']],
]
for (const [patterns, ignored, kept] of cases)
  test(`${JSON.stringify(patterns)} leaves out what it names`, () => {
    const rules = new IgnoreRules(patterns)
    for (const path of ignored) assert.ok(rules.ignores(path), path)
    for (const path of kept) assert.ok(!rules.ignores(path), path)
  })

test('a directory need not be opened unless something in it may be wanted after all', () => {
  const rules = new IgnoreRules(['node_modules', 'docs', '!docs/README.md', 'a', '!**/keep'])
  assert.ok(new IgnoreRules(['node_modules', '!src']).ignoresAllIn('node_modules'))
  assert.ok(!rules.ignoresAllIn('docs'))
  assert.ok(!rules.ignoresAllIn('a'))
  assert.ok(!rules.ignoresAllIn('src'))
})

test('an ignore file has comments, blank lines and carriage returns', () =>
  assert.deepEqual(parseIgnoreFile('\ufeff# not this\n\n  *.log  \r\n!keep.log\n #kept\n'), [
    '*.log',
    '!keep.log',
    '#kept',
  ]))
