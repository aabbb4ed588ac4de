import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { toPlain } from '../../src/compose/load/plain.ts'
import { compareKeys, emitYaml } from '../../src/compose/load/yaml/emit.ts'
import { construct, parseYaml, Source } from '../../src/compose/load/yaml/index.ts'
import { whereOf } from '../../src/compose/load/yaml/node.ts'
import { TscomposeError } from '../../src/errors.ts'

function read(text: string): unknown[] {
  const source = new Source('/t.yaml', text)
  return parseYaml(source).map(document => {
    const { node } = construct(source, document)
    return node && toPlain(node)
  })
}

const rows: readonly (readonly [string, string, unknown])[] = [
  ['a block map', 'a: 1\nb:\n  c: d\n', { a: 1, b: { c: 'd' } }],
  ['a list at the column of its key', 'a:\n- 1\n- 2\nb: 3\n', { a: [1, 2], b: 3 }],
  ['a list of maps', 'a:\n  - b: 1\n    c: 2\n  -\n    b: 3\n', { a: [{ b: 1, c: 2 }, { b: 3 }] }],
  ['lists in lists', '- - 1\n  - 2\n- - 3\n', [[1, 2], [3]]],
  ['flow collections over lines', 'a: [1,\n 2, {b: c,\n"d":e}]\n', { a: [1, 2, { b: 'c', d: 'e' }] }],
  ['a pair in a flow list', 'a: [b: c, d]\n', { a: [{ b: 'c' }, 'd'] }],
  ['keys without values', 'a:\nb: {c, d: }\n', { a: null, b: { c: null, d: null } }],
  ['plain text over lines', 'a: one\n  two\n\n  three\nb: x\n', { a: 'one two\nthree', b: 'x' }],
  ['colons and hashes inside of text', 'a: b:c d#e http://x # comment\n', { a: 'b:c d#e http://x' }],
  ['single quotes', "a: 'it''s\n  folded'\n", { a: "it's folded" }],
  ['double quotes', 'a: "\\t\\x41\\u00e9 \\\n   joined\n\n  folded"\n', { a: '\tAé joined\nfolded' }],
  ['a literal block', 'a: |\n  one\n    two\n\n  three\n\nb: 1\n', { a: 'one\n  two\n\nthree\n', b: 1 }],
  ['a folded block', 'a: >-\n  one\n  two\n\n  three\n    more\n  end\n', { a: 'one two\nthree\n  more\nend' }],
  ['block indicators', 'a: |2+\n   x\n\nb: |-\n  y\n\n', { a: ' x\n\n', b: 'y' }],
  ['anchors and aliases', 'a: &x {b: 1}\nc: *x\nd: [*x]\n', { a: { b: 1 }, c: { b: 1 }, d: [{ b: 1 }] }],
  ['an anchor before a block', 'a: &x\n  b: 1\nc: *x\n', { a: { b: 1 }, c: { b: 1 } }],
  [
    'merge keys',
    'a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}\nc: {<<: [{x: 3}, *a]}\n',
    { a: { x: 1, y: 1 }, b: { x: 1, y: 2 }, c: { x: 3, y: 1 } },
  ],
  ['a merge key with its tag, as yq writes it', 'a: &a {x: 1}\nb:\n  !!merge <<: *a\n', { a: { x: 1 }, b: { x: 1 } }],
  ['a quoted merge key is a key', '{"<<": {a: 1}}', { '<<': { a: 1 } }],
  ['explicit keys', '? a\n: b\n? c\n', { a: 'b', c: null }],
  ['standard tags', 'a: !!str 1\nb: !!int "2"\nc: !!float 3\n', { a: '1', b: 2, c: 3 }],
  ['other tags make texts', 'a: !mine 1\n', { a: '1' }],
  ['comments everywhere', '# a\na: # b\n  # c\n  - 1 # d\n# e\n', { a: [1] }],
  ['no line break at the end', 'a: b', { a: 'b' }],
  ['a key that is also a prototype', '__proto__: 1', JSON.parse('{"__proto__": 1}')],
]
for (const [name, text, expected] of rows) test(`YAML: ${name}`, () => assert.deepEqual(read(text), [expected]))

test('YAML: documents, which share anchors', () =>
  assert.deepEqual(read('%YAML 1.2\n---\na: &x 1\n...\n---\nb: *x\n---\n'), [{ a: 1 }, { b: 1 }, null]))

test('YAML: the dialect of plain values', () =>
  assert.deepEqual(
    read('[yes, No, true, FALSE, ~, 0755, 0o17, 0x1f, 0b11, 1_000, 1.10, 1e3, 22:22, 08, -0x10, 2024-01-02, .5, +1]'),
    [
      [
        'yes',
        'No',
        true,
        false,
        null,
        493,
        15,
        31,
        3,
        1000,
        1.1,
        1000,
        '22:22',
        8,
        -16,
        '2024-01-02 00:00:00 +0000 UTC',
        0.5,
        1,
      ],
    ],
  ))

const mistakes: readonly (readonly [string, string, RegExp, number, number])[] = [
  ['a tab as indentation', 'a:\n\tb: 1\n', /cannot start any token.*tab/, 2, 1],
  ['a tab in a continued text', 'a: b\n\tc\n', /tab character that violates indentation/, 2, 1],
  ['two colons', 'a: b: c\n', /mapping values are not allowed/, 1, 5],
  ['an entry between columns', 'a:\n    b: 1\n  c: 2\n', /did not find expected key/, 3, 3],
  ['a list entry too far left', '- a\n -b\nc: d\n', /did not find expected '-' indicator/, 3, 1],
  ['a quote that is not closed', 'a: "b\n', /unexpected end of stream/, 1, 4],
  ['a bracket that is not closed', 'a: [b\n', /did not find expected ',' or '\]'/, 2, 1],
  ['an unknown escape', 'a: "\\q"\n', /unknown escape/, 1, 5],
  ['an unknown anchor', 'a: *b\n', /unknown anchor 'b'/, 1, 4],
  ['an at sign', 'a: @b\n', /cannot start any token/, 1, 4],
  ['a control character', 'a: b\x01\n', /control characters/, 1, 5],
  ['a key without a colon', 'a: 1\nb\nc: 2\n', /could not find expected ':'/, 2, 1],
  ['a list after a key on its line', 'a: - b\n', /block sequence entries are not allowed/, 1, 4],
  ['a duplicate key', 'a: 1\nb: 2\na: 3\n', /line 3: mapping key "a" already defined at line 1/, 3, 1],
  ['a number as a key', 'a:\n  1: b\n', /non-string key in a: 1/, 2, 3],
  ['a list as a merge', 'a: {<<: [1]}\n', /map merge requires map or sequence of maps/, 1, 9],
]
for (const [name, text, message, line, col] of mistakes)
  test(`YAML: ${name} is an error with its place`, () =>
    assert.throws(
      () => read(text),
      (error: unknown) => {
        assert.ok(error instanceof TscomposeError)
        assert.match(error.message, message)
        assert.deepEqual([error.where?.line, error.where?.col], [line, col])
        return true
      },
    ))

test('YAML: !reset and !override are recorded, through aliases and merge keys', () => {
  const source = new Source(
    '/t.yaml',
    'a: !reset 1\nb: {c: !override {d: 1}}\ne: &e {f: !reset []}\ng: *e\nh: {<<: *e}\n',
  )
  const [document] = parseYaml(source)
  assert.ok(document)
  const { node, resets } = construct(source, document)
  assert.deepEqual(node && toPlain(node), { b: { c: { d: 1 } }, e: {}, g: {}, h: {} })
  assert.deepEqual(
    resets.map(path => path.join('.')),
    ['a', 'b.c', 'e.f', 'g.f', 'h.f'],
  )
})

test('YAML: every value knows its line and column', () => {
  const source = new Source('/t.yaml', 'a:\n  - x: "y"\n')
  const [document] = parseYaml(source)
  const node = document && construct(source, document).node
  const list = node?.kind === 'map' ? node.entries.get('a') : undefined
  const item = list?.kind === 'seq' ? list.items[0] : undefined
  const value = item?.kind === 'map' ? item.entries.get('x') : undefined
  assert.deepEqual(value && whereOf(value), { file: '/t.yaml', line: 2, col: 8, source: '  - x: "y"' })
})

/** The parser of the `yaml` package, made to agree where the two differ by intention. */
const byLibrary = (text: string): unknown[] =>
  parseAllDocuments(text, { merge: true, schema: 'core', logLevel: 'silent', maxAliasCount: -1 } as object).map(
    document => {
      const [error] = (document as { errors: Error[] }).errors
      if (error) throw error
      return (document as { toJS(options: object): unknown }).toJS({ maxAliasCount: -1 })
    },
  )

for (const file of globSync('test/golden/*/*/*.{yaml,yml}')) {
  const text = readFileSync(file, 'utf8')
  // Tags, octal numbers, dates and the like are read otherwise on purpose; mistakes are tested above.
  if (/!reset|!override|\b0\d|\d_\d|\d{4}-\d\d-\d\d|error-|multi-document|expected\./.test(file + text)) continue
  test(`YAML: ${file} is read as the yaml package reads it`, () => assert.deepEqual(read(text), byLibrary(text)))
}

const values: readonly (readonly [unknown, string])[] = [
  [{ a: 'x', b: 1, c: true, d: null, e: [], f: {} }, 'a: x\nb: 1\nc: true\nd: null\ne: []\nf: {}\n'],
  [{ a: ['x', { b: 1, c: [2] }] }, 'a:\n  - x\n  - b: 1\n    c:\n      - 2\n'],
  [
    ['', 'yes', '1', '1.0', 'null', '~', '0x1', '12:30', '2024-01-01'],
    ['', 'yes', '1', '1.0', 'null', '~', '0x1', '12:30', '2024-01-01'].map(text => `- "${text}"\n`).join(''),
  ],
  [
    ['a: b', '# c', '-', '- x', "it's: ", ' x', '@x', 'a:b', '-x'],
    `- 'a: b'\n- '# c'\n- '-'\n- '- x'\n- 'it''s: '\n- ' x'\n- '@x'\n- a:b\n- -x\n`,
  ],
  [
    { a: 'one\ntwo\n', b: 'no end\nhere', c: '\n', d: ' x\ny\n\n' },
    'a: |\n  one\n  two\nb: |-\n  no end\n  here\nc: "\\n"\nd: |2+\n   x\n  y\n\n',
  ],
  [{ y: 1, '1': 2 }, '"1": 2\n"y": 1\n'],
  [['tab\there', '\x07', '\u{1f600}'], '- "tab\\there"\n- "\\a"\n- "\\U0001F600"\n'],
]
for (const [value, expected] of values)
  test(`YAML: writes ${JSON.stringify(value)}`, () => {
    assert.equal(emitYaml(value), expected)
    assert.deepEqual(read(expected), [value])
  })

test('YAML: keys are ordered with numbers as numbers', () =>
  assert.deepEqual(['b', 'a10', 'a2', 'A', '_x', 'a', '10', '9'].sort(compareKeys), [
    '_x',
    '9',
    '10',
    'A',
    'a',
    'a2',
    'a10',
    'b',
  ]))
